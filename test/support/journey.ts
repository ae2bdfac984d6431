import { ownerStatus } from '../../src/requests/follow/ownerStatus.js';
import { findByToken } from '../../src/requests/follow/follow.js';
import { findSteps } from '../../src/store/steps.js';
import type { TestPortal } from './portal.js';
import type { Exchange } from './tenant.js';
import type { StatusAnswer } from './visitor.js';
import { waitFor } from './waitFor.js';

/**
 * Signs somebody up, or follows the request at `path`, until the request stands in `state`.
 *
 * @returns what the owner of the mailbox would be shown: others are not told what the directory has said
 */
export async function signUpUntil(
  portal: TestPortal,
  state: string,
  email: string,
  path?: string,
): Promise<StatusAnswer> {
  const page = path ?? (await portal.visitor().apply({ email }));
  let last: StatusAnswer | undefined;
  try {
    return await waitFor(`${email} to be ${state}`, async () => {
      last = await ownerStatusOf(portal, page);
      return last.status === state && last;
    });
  } catch (error) {
    throw new Error(`${(error as Error).message}; it is ${JSON.stringify(last)}`, { cause: error });
  }
}

/** The answer that a status page would give to the owner of the mailbox. */
export async function ownerStatusOf(portal: TestPortal, path: string): Promise<StatusAnswer> {
  const { deps } = portal;
  const { request } = await findByToken(deps, path.split('/').at(-1) ?? '');
  const steps = await findSteps(deps.store.db, request.id);
  const { status, reason, steps: shown, updatedAt } = ownerStatus(request, steps, deps.limits);
  return JSON.parse(JSON.stringify({ status, reason, steps: shown, updatedAt })) as StatusAnswer;
}

/** The invitations that Graph was asked for, whatever it answered. */
export async function invitationsOf(portal: TestPortal, address: string): Promise<Exchange[]> {
  const calls = await portal.tenant.graphCalls('POST', /\/invitations$/);
  return calls.filter(
    ({ requestBody }) =>
      (requestBody as { invitedUserEmailAddress: string }).invitedUserEmailAddress === address,
  );
}
