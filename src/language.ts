import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInstance, type TFunction } from 'i18next';
import { root } from './root.js';

/** Turns a key of `locales/<language>/` and its values into a sentence, unescaped. */
export type Translate = TFunction;

export type Languages = {
  /** The BCP 47 codes of the languages with texts; English, the source, first. */
  available: string[];
  translate(language: string): Translate;
};

/** Reads every folder of `locales/`, one for each language. A missing text is shown in English. */
export function loadLanguages(folder = join(root, 'locales')): Languages {
  const codes = readdirSync(folder).sort(
    (one, other) => Number(other === 'en') - Number(one === 'en') || one.localeCompare(other),
  );
  const i18n = createInstance();
  void i18n.init({
    fallbackLng: 'en',
    supportedLngs: codes,
    nonExplicitSupportedLngs: true,
    // The templates escape; escaping twice would show entities.
    interpolation: { escapeValue: false },
    resources: Object.fromEntries(
      codes.map((code) => [code, { translation: readTexts(join(folder, code)) }]),
    ),
  });
  return { available: codes, translate: (language) => i18n.getFixedT(language) };
}

const RIGHT_TO_LEFT = new Set(['Arab', 'Hebr', 'Syrc', 'Thaa', 'Nkoo', 'Adlm']);

/** In which direction a language is written, by the script that its BCP 47 code names or implies. */
export function directionOf(language: string): 'ltr' | 'rtl' {
  return RIGHT_TO_LEFT.has(new Intl.Locale(language).maximize().script ?? '') ? 'rtl' : 'ltr';
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
