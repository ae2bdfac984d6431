import type { Address } from './address.js';
import { labelCount, parentDomains } from './domainName.js';
import type { Rule } from './rule.js';

export type Entry<T> = { rule: Rule; value: T };

/**
 * Domain rules by what they match. A look-up asks one map for the address, one for its domain and one for each parent
 * domain, so its cost depends on the number of labels and not on the number of rules.
 */
export class RuleIndex<T> {
  readonly #entries = {
    address: new Map<string, Entry<T>>(),
    domain: new Map<string, Entry<T>>(),
    wildcard: new Map<string, Entry<T>>(),
  };
  #mostLabels = 0;

  /** Adds a rule; if it is there already, the older entry stays and is returned. */
  add(rule: Rule, value: T): Entry<T> | undefined {
    const entries = this.#entries[rule.kind];
    const key = keyOf(rule);
    const older = entries.get(key);
    if (older === undefined) entries.set(key, { rule, value });
    if (rule.kind === 'wildcard') this.#mostLabels = Math.max(this.#mostLabels, labelCount(rule.domain));
    return older;
  }

  /** The most specific rule that matches: the full address, the exact domain, then the longest wildcard. */
  find(address: Address): Entry<T> | undefined {
    const { address: addresses, domain: domains } = this.#entries;
    return (
      addresses.get(address.canonical) ?? domains.get(address.domain) ?? this.#wildcardAbove(address.domain)
    );
  }

  /** Every rule that matches, the most specific first. */
  findAll(address: Address): Entry<T>[] {
    return [
      this.#entries.address.get(address.canonical),
      this.#entries.domain.get(address.domain),
      ...this.#wildcardsAbove(address.domain),
    ].filter((entry) => entry !== undefined);
  }

  /** A rule of this index that covers the given one: itself or a wider one. */
  covering(rule: Rule): Entry<T> | undefined {
    if (rule.kind === 'address') {
      const local = rule.text.slice(0, rule.text.indexOf('@'));
      return this.find({ local, domain: rule.domain, canonical: rule.text });
    }
    return this.exactly(rule.kind, rule.domain) ?? this.#wildcardAbove(rule.domain);
  }

  /** The entry whose rule is this exact domain, or the wildcard below this domain. */
  exactly(kind: 'domain' | 'wildcard', domain: string): Entry<T> | undefined {
    return this.#entries[kind].get(domain);
  }

  /** Every rule for a domain or for the domains below one. */
  *domains(): Iterable<Entry<T>> {
    yield* this.#entries.domain.values();
    yield* this.#entries.wildcard.values();
  }

  /** Every rule that names one full address. */
  addresses(): Iterable<Entry<T>> {
    return this.#entries.address.values();
  }

  /** Every decision comes here, so this makes no list. */
  #wildcardAbove(domain: string): Entry<T> | undefined {
    for (const parent of parentDomains(domain, this.#mostLabels)) {
      const entry = this.#entries.wildcard.get(parent);
      if (entry !== undefined) return entry;
    }
    return undefined;
  }

  #wildcardsAbove(domain: string): Entry<T>[] {
    return parentDomains(domain, this.#mostLabels)
      .map((parent) => this.#entries.wildcard.get(parent))
      .filter((entry) => entry !== undefined);
  }
}

function keyOf(rule: Rule): string {
  return rule.kind === 'address' ? rule.text : rule.domain;
}
