import { decoded, registrationOf, type Registration } from './publicSuffix.js';
import type { Entry } from './ruleIndex.js';
import { skeletonOf } from './skeleton.js';
import { slipIndex } from './slipIndex.js';
import { eachInSlices } from './slices.js';

export type Listed<T> = Registration & {
  /** A rule that lists it, or else something below it. */
  entry: Entry<T>;
  nameTokens: string[];
  suffixTokens: string[];
};

/** The registrations that partners list, by all that a name may be mistaken for. */
export type LookAlikeIndex<T> = {
  byDomain: Map<string, Listed<T>>;
  bySkeleton: Map<string, Listed<T>[]>;
  /** By the first piece of the name, for names that stand within others. */
  byFirstToken: Map<string, Listed<T>[]>;
  /** Long names alone, and so are the next two. */
  byName: Map<string, Listed<T>[]>;
  namesNear: (name: string) => string[];
  /** By the skeleton without dots and hyphens: registrations, and what is listed below them. */
  byLetters: Map<string, { near: string; entry: Entry<T> }>;
};

/** @param entries rules of the kinds `domain` and `wildcard` */
export async function lookAlikeIndex<T>(entries: Iterable<Entry<T>>): Promise<LookAlikeIndex<T>> {
  const index: LookAlikeIndex<T> = {
    byDomain: new Map(),
    bySkeleton: new Map(),
    byFirstToken: new Map(),
    byName: new Map(),
    namesNear: () => [],
    byLetters: new Map(),
  };
  await eachInSlices(entries, (entry) => {
    const registration = registrationOf(entry.rule.domain);
    if (registration !== undefined) addRule(index, registration, entry);
  });
  return { ...index, namesNear: slipIndex([...index.byName.keys()]) };
}

function addRule<T>(index: LookAlikeIndex<T>, registration: Registration, entry: Entry<T>): void {
  const listed = index.byDomain.get(registration.domain);
  if (!listed) addRegistration(index, registration, entry);
  else if (listed.entry.rule.domain !== listed.domain) listed.entry = entry;
  if (isLong(registration.seen)) addLetters(index, entry.rule.domain, entry);
}

function addRegistration<T>(index: LookAlikeIndex<T>, registration: Registration, entry: Entry<T>): void {
  const { domain, suffix, seen } = registration;
  const skeleton = skeletonOf(seen);
  const nameTokens = skeleton.split('-');
  const listed = { ...registration, entry, nameTokens, suffixTokens: skeletonOf(suffix).split('.') };
  index.byDomain.set(domain, listed);
  append(index.bySkeleton, lettersOf(skeleton), listed);
  append(index.byFirstToken, nameTokens[0] ?? '', listed);
  if (!isLong(seen)) return;
  append(index.byName, seen, listed);
  addLetters(index, domain, entry);
}

function addLetters<T>({ byLetters }: LookAlikeIndex<T>, domain: string, entry: Entry<T>): void {
  const letters = lettersOf(skeletonOf(decoded(domain)));
  if (!byLetters.has(letters)) byLetters.set(letters, { near: domain, entry });
}

function lettersOf(text: string): string {
  return text.replace(/[.-]/g, '');
}

/**
 * A name of fewer letters has its neighbours by chance: aba.com and abb.com, shell.com and shelf.com, dear.com and clear.com
 * are all somebody's.
 */
export function isLong(name: string): boolean {
  return lettersOf(name).length >= 6;
}

function append<V>(map: Map<string, V[]>, key: string, value: V): void {
  const list = map.get(key);
  if (list) list.push(value);
  else map.set(key, [value]);
}
