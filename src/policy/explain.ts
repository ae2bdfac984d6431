import { parseAddress, type Address, type AddressFault } from './address.js';
import { isConsumerDomain } from './consumerDomains.js';
import { isDisposableDomain } from './disposableDomains.js';
import { decide, type Decision } from './decide.js';
import { parentDomains } from './domainName.js';
import { nearMisses } from './nearMisses.js';
import type { Policy } from './policy.js';

/** A rule that did not fire, whose it is (an id, or null for a denial), and why, as an English sentence for admins. */
export type OtherRule = { rule: string; partner: string | null; why: string };

export type Explanation =
  | { ok: false; fault: AddressFault; suggestion?: string }
  | { ok: true; address: Address; decision: Decision; others: OtherRule[] };

const MAX_ADDRESSES = 5;

/** Explains what the policy says to a typed address, and why no other rule that comes near it fired. */
export function explain(policy: Policy, input: string): Explanation {
  const parsed = parseAddress(input);
  if (!parsed.ok) return parsed;
  const { address } = parsed;
  const decision = decide(policy, { address });
  const others = [
    ...overruled(policy, address, decision),
    ...lifted(policy, address, decision),
    ...besideTheDomain(policy, address.domain),
    ...otherAddresses(policy, address),
    ...lookAlikes(policy, address, decision),
  ];
  return { ok: true, address, decision, others };
}

// Rules that match, but give way to a denial or to a more specific rule.
function overruled({ listed }: Policy, address: Address, { rule: fired, partner }: Decision): OtherRule[] {
  const why =
    partner === null
      ? `matches, but "${fired ?? ''}" beats every partner`
      : `matches, but the more specific ${fired ?? ''} wins`;
  return listed
    .findAll(address)
    .filter(({ rule }) => rule.text !== fired)
    .map(({ rule, value }) => ({ rule: rule.text, partner: value.partner.id, why }));
}

// Denials from which a partner exempts this address by naming it in full.
function lifted({ document: { deny } }: Policy, { domain }: Address, { reasons }: Decision): OtherRule[] {
  if (reasons[0]?.code !== 'address.listed') return [];
  const why = `refuses ${domain}, but a partner names this address in full`;
  return [
    ...(deny.consumer && isConsumerDomain(domain) ? [{ rule: 'deny: consumer', partner: null, why }] : []),
    ...(deny.disposable && isDisposableDomain(domain)
      ? [{ rule: 'deny: disposable', partner: null, why }]
      : []),
  ];
}

// Rules for the domain above, or for the domains below: close, yet no match.
function besideTheDomain({ listed, denied }: Policy, domain: string): OtherRule[] {
  const places = [
    { kind: 'wildcard', at: domain, why: `matches subdomains only, not ${domain} itself` } as const,
    ...parentDomains(domain).map(
      (parent) =>
        ({ kind: 'domain', at: parent, why: `matches ${parent} itself only, not ${domain}` }) as const,
    ),
  ];
  return places.flatMap(({ kind, at, why }) => {
    const entry = listed.exactly(kind, at);
    const denial = denied.exactly(kind, at);
    return [
      ...(entry ? [{ rule: entry.rule.text, partner: entry.value.partner.id, why }] : []),
      ...(denial ? [{ rule: `deny: ${denial.rule.text}`, partner: null, why }] : []),
    ];
  });
}

function otherAddresses({ listed }: Policy, { domain, canonical }: Address): OtherRule[] {
  return Array.from(listed.addresses())
    .filter(({ rule }) => rule.domain === domain && rule.text !== canonical)
    .slice(0, MAX_ADDRESSES)
    .map(({ rule, value }) => ({
      rule: rule.text,
      partner: value.partner.id,
      why: `names this one address only, not ${canonical}`,
    }));
}

function lookAlikes(policy: Policy, { domain }: Address, { rule: fired }: Decision): OtherRule[] {
  if (fired !== 'unlisted') return [];
  return nearMisses(policy, domain).map((near) => ({
    rule: near.rule,
    partner: near.partner,
    why: `${domain} looks like ${near.domain} (1 letter differs)`,
  }));
}
