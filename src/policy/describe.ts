import type { AddressFault } from './address.js';
import { type Decision, explainReason } from './decision.js';
import type { Explanation } from './explain.js';

const OUTCOMES = {
  invite: 'invited immediately',
  review: 'waits for an approver',
  prove: 'has to give proof first',
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

/** What follows the proof, without the reasons that were given before it. */
function thenSentence({ outcome, reasons }: Decision): string {
  const further = reasons.slice(1).map((reason) => ` ${explainReason(reason)}`);
  return `${OUTCOMES[outcome]} (${outcome})${further.length > 0 ? `:${further.join('')}` : ''}`;
}

function list(title: string, lines: string[]): string[] {
  return lines.map((line, index) => `  ${(index === 0 ? title : '').padEnd(8)} ${line}`);
}

/** The fault as an English sentence for admins; pages for partners have their own words. */
export function explainFault(fault: AddressFault): string {
  return FAULTS[fault];
}

const FAULTS: Record<AddressFault, string> = {
  missing: 'No address was entered.',
  tooLong: 'The address is too long: at most 64 characters before the @ and 254 in total.',
  whitespace: 'The address contains a space, a tab or a line break.',
  invisible: 'The address contains an invisible character.',
  international: 'The domain has letters outside ASCII, and email uses its ASCII form.',
  notAscii:
    'The address contains a character outside ASCII, perhaps one that only looks like a plain letter.',
  noAt: 'The address has no @.',
  severalAts: "There's more than one @: enter a single address and nothing else.",
  quoted: 'The address contains quotation marks, which Microsoft Graph refuses.',
  plus: 'The address contains a plus sign, which Microsoft Graph refuses.',
  character: 'The address contains a character that Microsoft Graph refuses.',
  localPart: 'The part before the @ is empty, starts or ends with a dot or hyphen, or has two dots in a row.',
  domain: "The part after the @ isn't a domain name.",
  noTopLevelDomain: 'The domain has no top-level domain such as .com.',
};
