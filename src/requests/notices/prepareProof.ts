import type { Deps } from '../../deps.js';
import { armChallenge } from '../../store/challenges.js';
import { noteMailed } from '../../store/mailboxes.js';
import type { SkipReason } from '../../store/schema.js';
import type { RequestRow } from '../../store/schema.js';
import { awaitedKind } from '../prove/awaitedProof.js';
import { drawSecrets, TRIES } from '../prove/secrets.js';
import { openMailedPage } from '../pageToken.js';
import { composeProof } from './compose.js';
import type { Ready } from './deliver.js';

/**
 * The mail with a code and a link. They are drawn now, and count from the moment at which the mail begins to flow: a mail
 * server that was down for an hour delivers none that has run out.
 */
export async function prepareProof(deps: Deps, request: RequestRow): Promise<Ready | SkipReason> {
  if (awaitedKind(deps, request) !== 'mailbox') return 'notAwaited';
  const { code, link, sealedCode, linkHash } = drawSecrets(deps.config, request.id);
  const seconds = deps.limits.codeSeconds;
  return {
    message: await composeProof(deps, request, { code, link }),
    count: 1,
    async alongside(trx) {
      await openMailedPage(deps, trx, request.id);
      await armChallenge(trx, request.id, { sealedCode, linkHash, seconds, tries: TRIES });
      // The next mail keeps its distance from this one, also where it goes later than it was to.
      await noteMailed(trx, request.address);
    },
  };
}
