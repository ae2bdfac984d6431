import { parentDomains } from '../domainName.js';
import type { Policy } from '../policy.js';

const LETTERS = Array.from('abcdefghijklmnopqrstuvwxyz0123456789-.');

/**
 * The listed rules whose domain differs from this one by a single slip of the keyboard: a letter wrong, missing, too many or
 * swapped with its neighbour. Looks up each domain one slip away, about 80 for each letter typed, so the cost does not
 * grow with the policy.
 */
export function nearMisses(
  { listed }: Policy,
  domain: string,
): { rule: string; partner: string; domain: string }[] {
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
