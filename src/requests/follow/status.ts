import type { RequestState } from '../../store/schema.js';
import type { AwaitedProof } from '../prove/awaitedProof.js';
import type { ResendPermission } from '../resend/resend.js';

export type StatusStep = {
  /** `answer` stands for everything after the decision, for everybody but the owner of the mailbox. */
  name: 'received' | 'review' | 'invited' | 'access' | 'mailed' | 'answer';
  status: 'waiting' | 'running' | 'done' | 'unconfirmed' | 'failed';
  at: Date | null;
};

/** `answered` and `delayed` are only shown, never stored: an answer went to the mailbox, or something is stuck. */
export type ShownState = RequestState | 'answered' | 'delayed';

/** What a status page shows: of what was typed, only the address. */
export type Status = {
  /** What the owner can quote: that of the page, or of the first page where an email led to this one, since emails quote that. */
  reference: string;
  /** Empty once the request is anonymised. */
  address: string;
  status: ShownState;
  /** Its personal data has been removed: the page only says that it has ended. */
  anonymised: boolean;
  /** The code of why it was refused or, for the owner, is stuck or takes longer; null when all goes well. */
  reason: string | null;
  /** Until when it waits for its turn; null when it waits for none. */
  until: Date | null;
  /** The mail server refuses mail to the address. */
  undeliverable: boolean;
  /** The approver's words to the applicant about a denial. */
  words: string | null;
  apps: { name: string; url: string }[];
  /** An invitation went out that the owner has to accept, as far as the portal knows; false for a guest who was in place. */
  toAccept: boolean;
  steps: StatusStep[];
  /** False once nothing changes any more unless a person acts. */
  moving: boolean;
  resend: ResendPermission;
  /** The proof that the request waits for; null when it waits for none. */
  proof: AwaitedProof | null;
  updatedAt: Date;
};
