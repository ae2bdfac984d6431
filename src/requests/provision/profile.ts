import { GraphFault } from '../../graph/graphFault.js';
import { updateProfile } from '../../graph/users.js';
import { cultureOf } from '../../language.js';
import { StepWait, type Step } from './step.js';

/** As many characters as the directory takes. */
const COMPANY_LENGTH = 64;
/** After so many the request is done without it. */
const MOST_ATTEMPTS = 5;

/**
 * Writes the name, the organisation and the language of a guest that the portal has made. What an account of others says is not
 * the portal's to change. The organisation is the policy's name of the partner, since rules of dynamic groups may read it.
 *
 * Without it nothing is lost: a refusal is logged, and the request goes on.
 */
export const writeProfile: Step = async ({ deps, request, partner, guest, step, signal }) => {
  if (!guest?.created) return {};
  const { first_name: givenName, last_name: surname, language } = request;
  const profile = {
    ...(givenName !== '' && { givenName }),
    ...(surname !== '' && { surname }),
    companyName: partner.name.slice(0, COMPANY_LENGTH),
    preferredLanguage: cultureOf(partner.invitation.language ?? language),
  };
  try {
    const { requestId } = await updateProfile(deps.graph, guest.id, profile, signal);
    return { graphRequestId: requestId };
  } catch (error) {
    if (!(error instanceof GraphFault)) throw error;
    const lasting = error.kind === 'rejected' || error.kind === 'forbidden' || step.attempts >= MOST_ATTEMPTS;
    if (error.kind === 'throttled' || error.kind === 'unauthenticated' || !lasting) {
      throw error.kind === 'notFound' ? new StepWait({ code: 'replicating' }, error.requestId) : error;
    }
    const { status, code, requestId } = error;
    deps.log.warn(
      { requestId: request.id, graphStatus: status, graphCode: code, graphRequestId: requestId },
      'the profile of a guest was not written',
    );
    return { graphRequestId: requestId };
  }
};
