import type { TestPortal } from './portal.js';
import type { Exchange } from './tenant.js';
import type { StatusAnswer } from './visitor.js';
import { waitFor } from './waitFor.js';

/** Signs somebody up, or follows the request at `path`, until the request stands in `state`. */
export async function signUpUntil(
  portal: TestPortal,
  state: string,
  email: string,
  path?: string,
): Promise<StatusAnswer> {
  const visitor = portal.visitor();
  const page = path ?? (await visitor.apply({ email }));
  let last: StatusAnswer | undefined;
  try {
    return await waitFor(`${email} to be ${state}`, async () => {
      last = await visitor.status(page);
      return last.status === state && last;
    });
  } catch (error) {
    throw new Error(`${(error as Error).message}; it is ${JSON.stringify(last)}`, { cause: error });
  }
}

/** The invitations that Graph was asked for, whatever it answered. */
export async function invitationsOf(portal: TestPortal, address: string): Promise<Exchange[]> {
  const calls = await portal.tenant.graphCalls('POST', /\/invitations$/);
  return calls.filter(
    ({ requestBody }) =>
      (requestBody as { invitedUserEmailAddress: string }).invitedUserEmailAddress === address,
  );
}
