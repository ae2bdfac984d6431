import { decoded, registrationOf, type Registration } from '../publicSuffix.js';
import type { Entry } from '../ruleIndex.js';
import { eachInSlices } from '../slices.js';
import { skeletonOf } from './skeleton.js';
import { slipIndex } from './slipIndex.js';

export type Listed<T> = Registration & {
  /** A rule that lists it, or else something below it. */
  entry: Entry<T>;
  /** The skeleton of the name, cut at its hyphens. */
  nameTokens: string[];
};

/** The registrations that partners list, by every text that a name may be mistaken for. */
export type LookAlikeIndex<T> = {
  byDomain: Map<string, Listed<T>>;
  /** By the skeleton of the name without hyphens, and by its part before the first hyphen. */
  byName: Map<string, Listed<T>[]>;
  /** By the skeleton of the whole domain without dots and hyphens: long registrations, and rules below them. */
  byLetters: Map<string, { near: string; entry: Entry<T> }>;
  /** Long names as people see them. */
  bySeen: Map<string, Listed<T>[]>;
  seenNear: (name: string) => string[];
};

/** @param entries rules of the kinds `domain` and `wildcard` */
export async function lookAlikeIndex<T>(entries: Iterable<Entry<T>>): Promise<LookAlikeIndex<T>> {
  const index: LookAlikeIndex<T> = {
    byDomain: new Map(),
    byName: new Map(),
    byLetters: new Map(),
    bySeen: new Map(),
    seenNear: () => [],
  };
  await eachInSlices(entries, (entry) => {
    const registration = registrationOf(entry.rule.domain);
    if (registration !== undefined) addRule(index, registration, entry);
  });
  return { ...index, seenNear: await slipIndex([...index.bySeen.keys()]) };
}

function addRule<T>(index: LookAlikeIndex<T>, registration: Registration, entry: Entry<T>): void {
  const listed = index.byDomain.get(registration.domain);
  if (!listed) addRegistration(index, registration, entry);
  else if (listed.entry.rule.domain !== listed.domain) listed.entry = entry;
  if (isLong(registration.seen)) addLetters(index, entry.rule.domain, entry);
}

function addRegistration<T>(index: LookAlikeIndex<T>, registration: Registration, entry: Entry<T>): void {
  const nameTokens = skeletonOf(registration.seen).split('-');
  const listed = { ...registration, entry, nameTokens };
  index.byDomain.set(registration.domain, listed);
  append(index.byName, nameTokens.join(''), listed);
  if (nameTokens.length > 1) append(index.byName, nameTokens[0] ?? '', listed);
  if (!isLong(registration.seen)) return;
  append(index.bySeen, registration.seen, listed);
  addLetters(index, registration.domain, entry);
}

function addLetters<T>({ byLetters }: LookAlikeIndex<T>, domain: string, entry: Entry<T>): void {
  const letters = lettersOf(skeletonOf(decoded(domain)));
  if (!byLetters.has(letters)) byLetters.set(letters, { near: domain, entry });
}

function lettersOf(text: string): string {
  return text.replace(/[.-]/g, '');
}

/**
 * Shorter names resemble each other by chance: aba.com and abb.com, shell.com and shelf.com, dear.com and clear.com all
 * belong to different owners.
 */
export function isLong(name: string): boolean {
  return lettersOf(name).length >= 6;
}

function append<V>(map: Map<string, V[]>, key: string, value: V): void {
  const list = map.get(key);
  if (list) list.push(value);
  else map.set(key, [value]);
}
