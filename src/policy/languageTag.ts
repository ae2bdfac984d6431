import { reason, type FaultReason } from './policyFault.js';

/** What is wrong with the tag of a text's language; null for the tag of a language that there is, written as BCP 47 writes it. */
export function tagFault(tag: string): FaultReason | null {
  if (tag === '') return reason('textLanguage.missing');
  const instead = canonical(tag);
  if (instead === null || !exists(instead)) return reason('textLanguage.unknown', { tag });
  return instead === tag ? null : reason('textLanguage.otherTag', { tag, instead });
}

function canonical(tag: string): string | null {
  try {
    return Intl.getCanonicalLocales(tag)[0] ?? null;
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

const NAMES = {
  language: new Intl.DisplayNames('en', { type: 'language', fallback: 'none' }),
  script: new Intl.DisplayNames('en', { type: 'script', fallback: 'none' }),
  region: new Intl.DisplayNames('en', { type: 'region', fallback: 'none' }),
};

/** Many words are well-formed tags: `english` too. */
function exists(tag: string): boolean {
  const { baseName, language, script, region } = new Intl.Locale(tag);
  return (
    baseName === tag &&
    NAMES.language.of(language) !== undefined &&
    (script === undefined || NAMES.script.of(script) !== undefined) &&
    (region === undefined || NAMES.region.of(region) !== undefined)
  );
}
