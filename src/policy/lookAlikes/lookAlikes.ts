import { isLong, lookAlikeIndex, type Listed, type LookAlikeIndex } from './lookAlikeIndex.js';
import { decoded, registrationOf, type Registration } from '../publicSuffix.js';
import type { Entry } from '../ruleIndex.js';
import { skeletonOf } from './skeleton.js';
import { isOneSlip } from './slipIndex.js';

/**
 * `near` is the listed domain and `entry` a rule for it. `instead` are the domains that the person may have meant, the
 * likeliest first; empty where the listed name is only borrowed, as in `fabrikam-login.com`.
 */
type LookAlike<T> = { near: string; entry: Entry<T>; instead: string[] };

/**
 * Finds the listed domain that a domain looks like; undefined where it looks like none.
 *
 * It compares the registered part (`fabrikam.com` of `mail.fabrikam.com`): its owner owns everything below, so a domain below
 * a listed registration is never a look-alike. Names under six letters count only in forms that nobody chooses by chance: a
 * digit or foreign letter that passes for a plain one, a top-level domain that does not exist, the whole domain in front of
 * another one. The cost is one step for each letter typed, however many domains are listed.
 */
export type FindLookAlike<T> = (domain: string) => LookAlike<T> | undefined;

/** @param entries what partners list: rules of the kinds `domain` and `wildcard` */
export async function indexLookAlikes<T>(entries: Iterable<Entry<T>>): Promise<FindLookAlike<T>> {
  const index = await lookAlikeIndex(entries);
  return (domain) => {
    const registration = registrationOf(domain);
    if (registration === undefined) return undefined;
    const typed = inPieces(domain, registration);
    const found =
      sameToTheEye(index, typed) ??
      dotsElsewhere(index, typed) ??
      borrowed(index, typed) ??
      oneSlipAway(index, typed);
    return found && !index.byDomain.has(registration.domain) ? found : undefined;
  };
}

/** A domain with its skeleton cut at each dot and hyphen; the registered name is `tokens.slice(nameBegins, nameEnds)`. */
type Typed = { registration: Registration; tokens: string[]; nameBegins: number; nameEnds: number };

function inPieces(domain: string, registration: Registration): Typed {
  const tokens = piecesOf(skeletonOf(decoded(domain)));
  const nameEnds = tokens.length - piecesOf(decoded(registration.suffix)).length;
  return { registration, tokens, nameBegins: nameEnds - registration.seen.split('-').length, nameEnds };
}

function piecesOf(text: string): string[] {
  return text.replaceAll('-', '.').split('.');
}

/** fabrikam.co, fabr1kam.com, fabrikarn.com, or with a letter of another script: at the same or another top-level domain. */
function sameToTheEye<T>({ byName }: LookAlikeIndex<T>, typed: Typed): LookAlike<T> | undefined {
  const { registration, tokens, nameBegins, nameEnds } = typed;
  const { seen, suffix, suffixExists } = registration;
  const name = tokens.slice(nameBegins, nameEnds).join('');
  const alike = byName.get(name)?.filter((listed) => {
    if (listed.nameTokens.join('') !== name) return false;
    if (isLong(listed.seen)) return true;
    if (listed.seen === seen) return !suffixExists;
    return /[^a-z-]/.test(seen) && sharesSuffix(listed, registration);
  });
  const nearest = alike?.find((listed) => isOneSlip(listed.suffix, suffix)) ?? alike?.[0];
  return nearest && mistyped(nearest, registration);
}

/** fab.rikam.com, fabrikamc.om: the same letters with a dot or hyphen added, missing or elsewhere. */
function dotsElsewhere<T>({ byLetters }: LookAlikeIndex<T>, { tokens }: Typed): LookAlike<T> | undefined {
  const listed = byLetters.get(tokens.join(''));
  return listed && { ...listed, instead: [listed.near] };
}

/** fabrikam.com.evil.net, fabrikam-login.com: a listed domain in front of another one, or its name as a part of another name. */
function borrowed<T>(
  { byName }: LookAlikeIndex<T>,
  { tokens, nameBegins, nameEnds }: Typed,
): LookAlike<T> | undefined {
  for (let at = 0; at < nameEnds; at++) {
    for (const listed of byName.get(tokens[at] ?? '') ?? []) {
      if (!continuesWith(tokens, at, listed.nameTokens)) continue;
      const end = at + listed.nameTokens.length;
      const long = isLong(listed.seen);
      const within = long && at >= nameBegins && end <= nameEnds;
      const inFront = (long || at < nameBegins) && continuesWith(tokens, end, suffixTokens(listed));
      if (inFront || within) return { near: listed.domain, entry: listed.entry, instead: [] };
    }
  }
  return undefined;
}

/** frabikam.com, fabricam.com, fabrikamm.com, fabrkam.com. */
function oneSlipAway<T>(
  { seenNear, bySeen }: LookAlikeIndex<T>,
  { registration }: Typed,
): LookAlike<T> | undefined {
  const { seen } = registration;
  for (const name of seenNear(seen)) {
    if (differInNumber(name, seen)) continue;
    const listed = bySeen.get(name)?.find((one) => sharesSuffix(one, registration));
    if (listed) return mistyped(listed, registration);
  }
  return undefined;
}

function mistyped<T>({ domain, entry }: Listed<T>, { below }: Registration): LookAlike<T> {
  return { near: domain, entry, instead: below === '' ? [domain] : [`${below}.${domain}`, domain] };
}

function sharesSuffix({ suffix }: Registration, typed: Registration): boolean {
  return suffix === typed.suffix || !typed.suffixExists;
}

/** Numbers tell names apart: studio54.com and studio55.com are different names. */
function differInNumber(a: string, b: string): boolean {
  return /\d/.test(a) && /\d/.test(b) && a.replace(/\d/g, '') === b.replace(/\d/g, '');
}

function suffixTokens({ suffix }: Registration): string[] {
  return skeletonOf(suffix).split('.');
}

function continuesWith(tokens: string[], at: number, wanted: string[]): boolean {
  return wanted.every((token, offset) => tokens[at + offset] === token);
}
