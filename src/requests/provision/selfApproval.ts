import { isSamePerson } from '../review/permissions.js';
import { StepStop, type StepContext } from './step.js';

/**
 * Nobody approves their own request, also not from an account of which the portal learns only now that it is the guest's.
 *
 * @throws {StepStop} when whoever approved is the guest
 */
export function refuseSelfApproval({ request, guest }: StepContext): void {
  const { state, review } = request;
  if (state !== 'queued' || review?.outcome !== 'approved' || !guest) return;
  if (isSamePerson(review.by, guest.id)) throw new StepStop({ code: 'selfApproval' });
}
