import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInstance, type TFunction } from 'i18next';
import { root } from './root.js';

/** Turns a key of `locales/<language>.json` and its values into a sentence, unescaped. */
export type Translate = TFunction;

export type Languages = {
  /** BCP 47 codes that there are texts for; English, the source, first. */
  available: string[];
  translate(language: string): Translate;
};

/** Reads every file of `locales/`. A text that a language lacks is shown in English. */
export function loadLanguages(folder = join(root, 'locales')): Languages {
  const codes = readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .map((file) => file.slice(0, -'.json'.length))
    .sort((one, other) => Number(other === 'en') - Number(one === 'en') || one.localeCompare(other));
  const i18n = createInstance();
  void i18n.init({
    fallbackLng: 'en',
    supportedLngs: codes,
    nonExplicitSupportedLngs: true,
    // The templates escape; escaping twice would show entities.
    interpolation: { escapeValue: false },
    resources: Object.fromEntries(
      codes.map((code) => [
        code,
        { translation: JSON.parse(readFileSync(join(folder, `${code}.json`), 'utf8')) as object },
      ]),
    ),
  });
  return { available: codes, translate: (language) => i18n.getFixedT(language) };
}
