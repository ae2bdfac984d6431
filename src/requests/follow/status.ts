import type { RequestState } from '../../store/schema.js';
import type { AwaitedProof } from '../prove/awaitedProof.js';
import type { ResendPermission } from '../resend/resend.js';

export type StatusStep = {
  /** `answer` stands for all that follows the decision, for everybody but the owner of the mailbox. */
  name: 'received' | 'review' | 'invited' | 'access' | 'mailed' | 'answer';
  status: 'waiting' | 'running' | 'done' | 'unconfirmed' | 'failed';
  at: Date | null;
};

/** `answered` and `delayed` are words of the page, never stored: an answer went to the mailbox, or something is stuck. */
export type ShownState = RequestState | 'answered' | 'delayed';

/** What a status page shows: nothing that somebody typed except the address. */
export type Status = {
  /** Empty once the request is anonymised. */
  address: string;
  status: ShownState;
  /** Its personal data is gone: the page says that it is over, and nothing else. */
  anonymised: boolean;
  /** Code of why it was refused or, for the owner, is stuck or takes longer; null when all goes well. */
  reason: string | null;
  /** The mail server does not take mail for the address. */
  undeliverable: boolean;
  /** What an approver who denied it wants the person to know, in their own words. */
  words: string | null;
  apps: { name: string; url: string }[];
  steps: StatusStep[];
  /** True until nothing changes any more unless somebody acts. */
  moving: boolean;
  resend: ResendPermission;
  /** What the person has to prove first; null when nothing. */
  proof: AwaitedProof | null;
  updatedAt: Date;
};
