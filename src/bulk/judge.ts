import { parseAddress, type Address } from '../policy/address.js';
import type { Decision } from '../policy/decision.js';
import { decisionNow } from '../policy/decide.js';
import { targetKey, targetKeys, type Grants } from '../policy/grants.js';
import { isHttpsUrl } from '../policy/httpsUrl.js';
import { didYouMean } from '../policy/lookAlikes/didYouMean.js';
import { isWithin, narrowGrants } from '../policy/narrowGrants.js';
import type { Policy } from '../policy/policy.js';
import { withApproval } from '../requests/review/approval.js';
import { companyName, personName } from '../requests/submit/names.js';
import type {
  BulkOrder,
  Found,
  Review,
  RowOutcome,
  RowVerdict,
  RunChoice,
  SheetRow,
} from '../store/schema.js';
import { namesIn } from './addressLines.js';
import { keyIn } from './keyIn.js';
import { hasForeignLink, LONGEST_MESSAGE } from './message.js';
import type { Named, OwnGrants } from './ownGrants.js';

/** What a row asks for, once nothing is against it. */
export type RowOrder = {
  address: Address;
  firstName: string;
  lastName: string;
  company: string;
  language: string;
  decision: Decision;
  /** What a review says of the choice of grants. */
  review: Pick<Review, 'partner' | 'grants'>;
  bulk: BulkOrder;
};

export type Judged = { outcome: RowOutcome; verdict: RowVerdict; order: RowOrder | null };

/** What rows are judged by, besides the row itself. */
export type Circumstances = {
  policy: Policy;
  choice: RunChoice;
  /** The groups and apps that the file names and that the policy does not. */
  own: OwnGrants;
  /** Requests that are open, by address. */
  open: ReadonlyMap<string, string>;
  /** Hosts that a guest may be led to after accepting. */
  hosts: ReadonlySet<string>;
  /** Returns a language with texts, for a BCP 47 tag; null for none. */
  languageOf: (tag: string) => string | null;
};

/** Why a row is refused: `code` has a text, `value` is what it is about. */
class Refused extends Error {
  constructor(readonly verdict: RowVerdict & { reason: string }) {
    super(verdict.reason);
  }
}

/** A cell may hold a whole page. */
const MOST_QUOTED = 80;

function refuse(reason: string, { value, ...about }: Omit<RowVerdict, 'reason'> = {}): never {
  throw new Refused({ reason, ...(value !== undefined && { value: shortened(value) }), ...about });
}

export function shortened(text: string): string {
  const letters = Array.from(text);
  return letters.length > MOST_QUOTED ? `${letters.slice(0, MOST_QUOTED).join('')}…` : text;
}

/**
 * Says what a run would do with a row, and why. It decides as the work itself does, with an admin's approval, so that a preview
 * and the run that follows agree.
 *
 * @param earlier the line of an earlier row with an address, by address
 * @param found what the directory says of the address; null where it was not asked
 */
export function judgeRow(
  circumstances: Circumstances,
  row: SheetRow,
  found: Found | null,
  earlier: ReadonlyMap<string, number>,
): Judged {
  try {
    if (row.surplus) refuse('row.surplus', { value: row.surplus });
    const address = addressIn(circumstances, row);
    const before = earlier.get(address.canonical);
    if (before !== undefined) return judged('duplicate', { value: String(before) });
    const requestId = circumstances.open.get(address.canonical);
    if (requestId !== undefined) return judged('open', { requestId });
    const order = orderOf(circumstances, row, address);
    if (found?.problem) refuse(found.problem);
    const { decision } = order;
    const verdict: RowVerdict = {
      partner: decision.partner,
      rule: decision.rule,
      ...given(decision.grants),
    };
    if (!found?.guest) return { outcome: 'invite', verdict, order };
    const fresh = given(missing(decision.grants, found));
    if (fresh.grants.length === 0) return judged('unchanged', { ...verdict, ...fresh });
    return { outcome: 'grant', verdict: { ...verdict, ...fresh }, order };
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return judged('refused', error.verdict);
  }
}

const judged = (outcome: RowOutcome, verdict: RowVerdict): Judged => ({ outcome, verdict, order: null });

/** The canonical address of a row; null for a text that is none. */
export function canonicalOf({ email }: SheetRow): string | null {
  const parsed = parseAddress(email);
  return parsed.ok ? parsed.address.canonical : null;
}

function addressIn({ policy }: Circumstances, { email }: SheetRow): Address {
  const parsed = parseAddress(email);
  if (parsed.ok) return parsed.address;
  if (email === '') return refuse('row.noAddress');
  const { fault, suggestion } = parsed;
  if (suggestion === undefined) return refuse(`address.${fault}`);
  // A domain with a foreign letter may be one that only looks like a partner's.
  const written = parseAddress(suggestion);
  const alike = written.ok ? didYouMean(policy, written.address)?.suggestion : null;
  return alike
    ? refuse('denied.lookAlike', { instead: alike })
    : refuse(`address.${fault}`, { instead: suggestion });
}

function orderOf(circumstances: Circumstances, row: SheetRow, address: Address): RowOrder {
  const { policy, choice } = circumstances;
  const vouched = { id: '', address: address.canonical, proof: null, run_id: 'preview' };
  const today = decisionNow(policy, vouched);
  if (today.outcome === 'deny') refuseAs(policy, address, today);
  const partner = policy.partner(today.partner ?? choice.partner);
  if (!partner) return refuse('row.noPartner');
  if (!partner.enabled) return refuse('partner.disabled');
  const own = choice.grants === 'file' ? ownGrantsOf(circumstances, row) : null;
  const grants = own ? undefined : partnersGrants(policy, partner.id, row);
  const review = { partner: partner.id, ...(grants && { grants }) };
  const bulk = bulkOf(circumstances, row, own);
  const decision = withApproval(policy, today, {
    ...vouched,
    decision: today,
    review: { outcome: 'approved', by: '', at: '', ...review },
    bulk,
  });
  if (decision.outcome !== 'invite') return refuse('row.noPartner');
  return {
    address,
    ...personOf(row),
    company: companyOf(row) || partner.name,
    language: languageFor(circumstances, row, partner.invitation.language),
    decision,
    review,
    bulk,
  };
}

/** Only what the file asks for is refused: a partner may have a language for Microsoft's mail that we have no texts in. */
function languageFor({ languageOf }: Circumstances, { language }: SheetRow, ofPartner = 'en'): string {
  if (language === '') return languageOf(ofPartner) ?? 'en';
  return languageOf(language) ?? refuse('row.language', { value: language });
}

function refuseAs(policy: Policy, address: Address, { reasons, partner, rule }: Decision): never {
  const instead = didYouMean(policy, address)?.suggestion;
  refuse(reasons.at(-1)?.code ?? 'unlisted', { partner, rule, ...(instead && { instead }) });
}

/** The choice of the partner's grants that a row names; undefined for all of them. */
function partnersGrants(policy: Policy, partnerId: string, row: SheetRow): Review['grants'] {
  if (row.apps.length + row.groups.length === 0) return undefined;
  const { apps, groups } = policy.document;
  const choice = {
    apps: row.apps.map((text) => keyIn(apps, text) ?? refuse('row.unknownApp', { value: text })),
    groups: row.groups.map((text) => keyIn(groups, text) ?? refuse('row.unknownGroup', { value: text })),
  };
  const outside = (kind: 'apps' | 'groups') =>
    choice[kind].findIndex((key) => !isWithin(policy, partnerId, { apps: [], groups: [], [kind]: [key] }));
  const [app, group] = [outside('apps'), outside('groups')];
  if (app >= 0) refuse('row.appOutside', { value: row.apps[app] ?? '', partner: partnerId });
  if (group >= 0) refuse('row.groupOutside', { value: row.groups[group] ?? '', partner: partnerId });
  // A group that only comes with an app is asked for by that app.
  const { groups: given } = narrowGrants(policy, partnerId, choice);
  const lost = choice.groups.findIndex((key) => !given.some((one) => one.key === key));
  if (lost >= 0) refuse('row.groupOfApp', { value: row.groups[lost] ?? '', partner: partnerId });
  return choice;
}

function ownGrantsOf({ own }: Circumstances, { apps, groups }: SheetRow): Grants {
  const taken = <T>(known: ReadonlyMap<string, Named<T>>, text: string): T => {
    const one = known.get(text.toLowerCase());
    if (!one || 'fault' in one) return refuse(one?.fault ?? 'row.unknown', { value: text });
    return one.named;
  };
  const roles = apps.map((text) => taken(own.apps, text));
  const all = [...groups.map((text) => taken(own.groups, text)), ...roles.flatMap((one) => one.groups)];
  return {
    groups: [...new Map(all.map((group) => [group.id, group])).values()],
    appRoles: roles.flatMap(({ role }) => role ?? []),
    apps: roles.flatMap(({ app }) => app ?? []),
  };
}

function personOf(row: SheetRow): { firstName: string; lastName: string } {
  const { firstName, lastName } = namesOf(row);
  for (const name of [firstName, lastName]) {
    if (name !== '' && !personName.safeParse(name).success)
      refuse('row.name', { value: row.displayName || name });
  }
  return { firstName, lastName };
}

/** The names of a row, from their own columns or from the one for both. */
export function namesOf(row: SheetRow): { firstName: string; lastName: string } {
  return row.firstName || row.lastName ? row : namesIn(row.displayName);
}

function companyOf({ company }: SheetRow): string {
  if (company !== '' && !companyName.safeParse(company).success) refuse('row.company', { value: company });
  return company;
}

function bulkOf({ choice, hosts }: Circumstances, row: SheetRow, own: Grants | null): BulkOrder {
  const { redirectUrl } = row;
  if (redirectUrl !== '' && !isHttpsUrl(redirectUrl)) refuse('row.redirectHttps', { value: redirectUrl });
  if (redirectUrl !== '' && !hosts.has(new URL(redirectUrl).host.toLowerCase()))
    refuse('row.redirect', { value: redirectUrl });
  if (typeof row.sendMail === 'string') refuse('row.sendMail', { value: row.sendMail });
  const message = row.message || choice.message;
  if (message.length > LONGEST_MESSAGE) refuse('row.messageLong');
  if (hasForeignLink(message, hosts)) refuse('row.messageLink');
  return {
    mail: choice.mail && row.sendMail !== false,
    ...(message !== '' && { message }),
    ...(redirectUrl !== '' && { redirectUrl }),
    ...(own && { grants: own }),
  };
}

/** What a guest does not have yet, as far as the directory was asked. */
function missing(grants: Grants, { groups = [], roles = [] }: Found): Pick<Grants, 'groups' | 'appRoles'> {
  return {
    groups: grants.groups.filter(({ id }) => !groups.includes(id.toLowerCase())),
    appRoles: grants.appRoles.filter(
      ({ servicePrincipalId, appRoleId }) => !roles.includes(targetKey(servicePrincipalId, appRoleId)),
    ),
  };
}

function given(grants: Pick<Grants, 'groups' | 'appRoles'>): { grants: string[]; targets: string[] } {
  const { groups, appRoles } = grants;
  return { grants: [...groups, ...appRoles].map(({ name }) => name), targets: targetKeys(grants) };
}
