import { parseAddress, type Address, type AddressFault } from './address.js';
import { afterProof, decide } from './decide.js';
import type { Decision } from './decision.js';
import { parentDomains } from './domainName.js';
import type { Policy } from './policy.js';
import { isConsumerDomain, isDisposableDomain } from './providers.js';

/** A rule that did not fire, its partner's id (null for a denial), and why: as a code for pages and as an English sentence. */
type OtherRule = { rule: string; partner: string | null; because: Because; why: string };

/** Why a rule did not fire: a stable code for pages to put into words, and what the words need. */
type Because =
  | { code: 'denied' | 'lessSpecific'; fired: string }
  | { code: 'lifted' | 'onlyBelow'; domain: string }
  | { code: 'onlyItself'; parent: string; domain: string }
  | { code: 'oneAddress'; address: string }
  | { code: 'lookAlike'; near: string; domain: string };

function sentence(because: Because): string {
  switch (because.code) {
    case 'denied':
      return `matches, but "${because.fired}" overrides every partner`;
    case 'lessSpecific':
      return `matches, but the more specific ${because.fired} wins`;
    case 'lifted':
      return `refuses ${because.domain}, but a partner lists this exact address`;
    case 'onlyBelow':
      return `matches subdomains only, not ${because.domain} itself`;
    case 'onlyItself':
      return `matches only ${because.parent} itself, not ${because.domain}`;
    case 'oneAddress':
      return `lists only this one address, not ${because.address}`;
    case 'lookAlike':
      return `${because.domain} looks like ${because.near}`;
  }
}

function other(rule: string, partner: string | null, because: Because): OtherRule {
  return { rule, partner, because, why: sentence(because) };
}

export type Explanation =
  | { ok: false; fault: AddressFault; suggestion?: string }
  | {
      ok: true;
      address: Address;
      decision: Decision;
      /** What follows once the applicant has given the proof; null when no proof is required. */
      afterProof: Decision | null;
      others: OtherRule[];
    };

const MAX_ADDRESSES = 5;

/** Explains what the policy says about a typed address, and why no other rule close to it fired. */
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
  return { ok: true, address, decision, afterProof: afterProof(policy, address, decision), others };
}

// Rules that match, but give way to a denial or to a more specific rule.
function overruled({ listed }: Policy, address: Address, { rule: fired, partner }: Decision): OtherRule[] {
  const code = partner === null ? 'denied' : 'lessSpecific';
  return listed
    .findAll(address)
    .filter(({ rule }) => rule.text !== fired)
    .map(({ rule, value }) => other(rule.text, value.partner.id, { code, fired: fired ?? '' }));
}

// Denials that do not apply, because a partner names this address in full.
function lifted({ document: { deny } }: Policy, { domain }: Address, { reasons }: Decision): OtherRule[] {
  if (reasons[0]?.code !== 'address.listed') return [];
  const because = { code: 'lifted', domain } as const;
  return [
    ...(deny.consumer && isConsumerDomain(domain) ? [other('deny: consumer', null, because)] : []),
    ...(deny.disposable && isDisposableDomain(domain) ? [other('deny: disposable', null, because)] : []),
  ];
}

// Rules for the domain above, or for the domains below: close, but no match.
function besideTheDomain({ listed, denied }: Policy, domain: string): OtherRule[] {
  const places = [
    { kind: 'wildcard', at: domain, because: { code: 'onlyBelow', domain } } as const,
    ...parentDomains(domain).map(
      (parent) => ({ kind: 'domain', at: parent, because: { code: 'onlyItself', parent, domain } }) as const,
    ),
  ];
  return places.flatMap(({ kind, at, because }) => {
    const entry = listed.exactly(kind, at);
    const denial = denied.exactly(kind, at);
    return [
      ...(entry ? [other(entry.rule.text, entry.value.partner.id, because)] : []),
      ...(denial ? [other(`deny: ${denial.rule.text}`, null, because)] : []),
    ];
  });
}

function otherAddresses({ listed }: Policy, { domain, canonical }: Address): OtherRule[] {
  return Array.from(listed.addresses())
    .filter(({ rule }) => rule.domain === domain && rule.text !== canonical)
    .slice(0, MAX_ADDRESSES)
    .map(({ rule, value }) => other(rule.text, value.partner.id, { code: 'oneAddress', address: canonical }));
}

function lookAlikes(policy: Policy, { domain }: Address, { rule: fired, reasons }: Decision): OtherRule[] {
  const alike = reasons[0]?.code === 'denied.lookAlike' ? policy.lookAlike(domain) : undefined;
  if (alike) {
    const { near, entry } = alike;
    return [other(entry.rule.text, entry.value.partner.id, { code: 'lookAlike', near, domain })];
  }
  if (fired !== 'unlisted') return [];
  return nearMisses(policy, domain).map((near) =>
    other(near.rule, near.partner, { code: 'lookAlike', near: near.domain, domain }),
  );
}

const LETTERS = Array.from('abcdefghijklmnopqrstuvwxyz0123456789-.');

/**
 * The listed rules whose domain differs from this one by a single slip of the keyboard: a letter wrong, missing, too many or
 * swapped with its neighbour. Looks up each domain one slip away, about 80 for each letter typed, so the cost does not
 * grow with the policy.
 */
function nearMisses({ listed }: Policy, domain: string): { rule: string; partner: string; domain: string }[] {
  const parents = parentDomains(domain).filter((parent) => parent.includes('.'));
  const entries = [
    ...oneSlipFrom(domain).flatMap((near) => [
      listed.exactly('domain', near),
      listed.exactly('wildcard', near),
    ]),
    ...parents.flatMap(oneSlipFrom).map((near) => listed.exactly('wildcard', near)),
  ].filter((entry) => entry !== undefined);
  return [...new Set(entries)].map(({ rule, value }) => ({
    rule: rule.text,
    partner: value.partner.id,
    domain: rule.domain,
  }));
}

function oneSlipFrom(word: string): string[] {
  const slips = new Set<string>();
  for (let at = 0; at <= word.length; at++) {
    const before = word.slice(0, at);
    const [next = '', afterNext = ''] = word.slice(at, at + 2);
    slips.add(before + word.slice(at + 1));
    slips.add(before + afterNext + next + word.slice(at + 2));
    for (const letter of LETTERS)
      slips.add(before + letter + word.slice(at)).add(before + letter + word.slice(at + 1));
  }
  slips.delete(word);
  return [...slips];
}
