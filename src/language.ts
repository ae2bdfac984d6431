import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInstance, type TFunction } from 'i18next';
import { root } from './root.js';

/** Turns a key of `locales/<language>/` and its values into a sentence, unescaped. */
export type Translate = TFunction;

export type Languages = {
  /** The BCP 47 codes of the languages with texts; English, the source, first. */
  available: string[];
  translate(tag: string): Translate;
};

/** `language` is one with texts; `locale` is its full BCP 47 tag, by which dates and numbers are written. */
export type Chosen = { language: string; locale: string };

/** Reads every folder of `locales/`, one for each language. A missing text is shown in English. */
export function loadLanguages(folder = join(root, 'locales')): Languages {
  const codes = readdirSync(folder).sort(
    (one, other) => Number(other === 'en') - Number(one === 'en') || one.localeCompare(other),
  );
  const i18n = createInstance();
  void i18n.init({
    fallbackLng: 'en',
    supportedLngs: codes,
    // The templates escape; escaping twice would show entities.
    interpolation: { escapeValue: false },
    resources: Object.fromEntries(
      codes.map((code) => [code, { translation: readTexts(join(folder, code)) }]),
    ),
  });
  return { available: codes, translate: (tag) => i18n.getFixedT(chooseLanguage([tag], codes).language) };
}

/** Our English is British. */
const ENGLISH: Chosen = { language: 'en', locale: 'en-GB' };

/**
 * Chooses among the languages that have texts: by language and script, so that zh-TW and zh-HK are Traditional Chinese and any
 * other zh Simplified, whatever the folders are called.
 *
 * @param tags BCP 47, the most wanted first; what is none is passed over
 */
export function chooseLanguage(tags: readonly string[], available: readonly string[]): Chosen;
export function chooseLanguage(
  tags: readonly string[],
  available: readonly string[],
  otherwise: null,
): Chosen | null;
export function chooseLanguage(
  tags: readonly string[],
  available: readonly string[],
  otherwise: Chosen | null = ENGLISH,
): Chosen | null {
  for (const tag of tags) {
    const wanted = localeOf(tag);
    if (!wanted) continue;
    const spoken = available.filter((code) => new Intl.Locale(code).language === wanted.language);
    const written = spoken.find(
      (code) => new Intl.Locale(code).maximize().script === wanted.maximize().script,
    );
    const language = written ?? spoken[0];
    if (language === undefined) continue;
    return { language, locale: wanted.toString() === 'en' ? ENGLISH.locale : wanted.toString() };
  }
  return otherwise;
}

function localeOf(tag: string): Intl.Locale | null {
  try {
    return new Intl.Locale(tag);
  } catch {
    // Browsers may send anything, `*` among them.
    return null;
  }
}

/** Browsers may send anything, `*` among them. */
export function isLanguageTag(tag: string): boolean {
  return localeOf(tag) !== null;
}

/** The name that Microsoft gives a language, of language and region: zh-Hant is zh-TW; others stay as they are. */
export function cultureOf(tag: string): string {
  const { language, script, region } = new Intl.Locale(tag);
  if (!script) return tag;
  return `${language}-${region ?? new Intl.Locale(tag).maximize().region ?? ''}`;
}

/** What a language calls itself, for the switch: Svenska, 简体中文. */
export function nameOfLanguage(code: string): string {
  return capitalised(new Intl.DisplayNames([code], { type: 'language' }).of(code) ?? code, code);
}

export function capitalised(name: string, language: string): string {
  return `${name.charAt(0).toLocaleUpperCase(language)}${name.slice(1)}`;
}

export type Direction = 'ltr' | 'rtl';

/** The scripts that are written from right to left and have a language in use: Unicode, Bidi_Class R and AL. */
const RIGHT_TO_LEFT = new Set(['Adlm', 'Arab', 'Hebr', 'Nkoo', 'Rohg', 'Syrc', 'Thaa']);

/** In which direction a language is written, by the script that its BCP 47 tag names or implies. */
export function directionOf(tag: string): Direction {
  return RIGHT_TO_LEFT.has(new Intl.Locale(tag).maximize().script ?? '') ? 'rtl' : 'ltr';
}

let english: Translate | undefined;

/** English, for the command line, for the log and for errors at a start. */
export function inEnglish(): Translate {
  return (english ??= loadLanguages().translate('en'));
}

/**
 * The texts of one language: a file for each part of the portal, put together.
 *
 * @throws Error when two files have texts under the same first name: one would hide the other's
 */
export function readTexts(folder: string): Record<string, unknown> {
  const texts: Record<string, unknown> = {};
  for (const file of readdirSync(folder)) {
    const part = JSON.parse(readFileSync(join(folder, file), 'utf8')) as Record<string, unknown>;
    for (const [name, value] of Object.entries(part)) {
      if (Object.hasOwn(texts, name)) throw new Error(`${join(folder, file)}: "${name}" has texts already`);
      texts[name] = value;
    }
  }
  return texts;
}
