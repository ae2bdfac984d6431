import type { Decision } from './decision.js';
import type { Explanation } from './explain.js';
import { explainFault } from './explainFault.js';
import { explainReason } from './reason.js';

const OUTCOMES = {
  invite: 'invited at once',
  review: 'waits for an approver',
  prove: 'has to prove something first',
  deny: 'refused',
};

/** An explanation as the command prints it: lines of English for admins. The page for it says the same in their language. */
export function describe(explanation: Explanation): string {
  if (!explanation.ok) {
    const { fault, suggestion } = explanation;
    return `${explainFault(fault)}${suggestion === undefined ? '' : ` Try ${suggestion}.`} (${fault})`;
  }
  const { address, decision, afterProof, others } = explanation;
  const { outcome, partner, rule, grants, reasons } = decision;
  return [
    `${address.canonical}: ${OUTCOMES[outcome]} (${outcome})`,
    `  partner  ${partner ?? 'none'}`,
    `  rule     ${rule ?? 'none'}`,
    ...list('why', reasons.map(explainReason)),
    ...list('then', afterProof ? [thenSentence(afterProof)] : []),
    ...list(
      'groups',
      grants.groups.map(({ name, id }) => `${name} (${id})`),
    ),
    ...list(
      'roles',
      grants.appRoles.map(({ name, appRoleId }) => `${name} (app role ${appRoleId})`),
    ),
    ...list(
      'apps',
      grants.apps.map(({ name, url }) => `${name} (${url})`),
    ),
    ...list(
      'not',
      others.map(({ rule: text, partner: owner, why }) => `${text}${owner ? ` of ${owner}` : ''}: ${why}`),
    ),
  ].join('\n');
}

/** What follows the proof; the reasons that stand before it as well are not said again. */
function thenSentence({ outcome, reasons }: Decision): string {
  const further = reasons.slice(1).map((reason) => ` ${explainReason(reason)}`);
  return `${OUTCOMES[outcome]} (${outcome})${further.length > 0 ? `:${further.join('')}` : ''}`;
}

function list(title: string, lines: string[]): string[] {
  return lines.map((line, index) => `  ${(index === 0 ? title : '').padEnd(8)} ${line}`);
}
