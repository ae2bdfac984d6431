import type { RequestState } from '../../store/schema.js';
import type { AwaitedProof } from '../prove/awaitedProof.js';
import type { ResendPermission } from '../resend/resend.js';

export type PublicStep = {
  /** `handled` stands for all that follows, where a page must not tell what that was. */
  name: 'received' | 'review' | 'invited' | 'access' | 'mailed' | 'handled';
  status: 'waiting' | 'running' | 'done' | 'unconfirmed' | 'failed';
  at: Date | null;
};

/** What whoever holds a status page's address may know: nothing that somebody typed except the address. */
export type PublicStatus = {
  /** Empty once the request is anonymised. */
  address: string;
  status: RequestState;
  /**
   * What the page says of it: `handled` in the place of the truth, which is for the owner of the mailbox; `anonymised` when
   * nobody can tell any more whose it was.
   */
  headline: RequestState | 'handled' | 'anonymised';
  /** Code of why it was refused, is stuck, or takes longer; null when all goes well. */
  reason: string | null;
  /** What a reviewer who denied it wants the person to know, in their own words. */
  words: string | null;
  apps: { name: string; url: string }[];
  /** For machines. */
  steps: PublicStep[];
  /** For the page. */
  progress: PublicStep[];
  /** True until nothing changes any more without somebody's doing. */
  moving: boolean;
  resend: ResendPermission;
  /** What the person is to show first; null when nothing is. */
  proof: AwaitedProof | null;
  updatedAt: Date;
};
