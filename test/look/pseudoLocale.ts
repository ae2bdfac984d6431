import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** English in a script that is written from right to left; its plurals and dates are those of English. */
export const PSEUDO = 'en-Arab';
/** Every text of the pseudo-locale stands between these. */
export const BRACKETS = { open: '⟦', close: '⟧' };

const PLAIN = 'aAcCeEgGiIlLnNoOrRsStTuUyYzZ';
const ACCENTED = 'áÁçÇéÉğĞíÍłŁñÑöÖřŘšŠťŤúÚýÝžŽ';
const PLACEHOLDER = /(\{\{[^}]*\}\})/;

/**
 * Writes a folder of languages with English and, made from it, a language that nobody speaks: about 60 % longer, accented, between
 * brackets and from right to left. What a page shows without brackets does not come from `locales/`.
 */
export async function writePseudoLocale(locales: string, folder: string): Promise<void> {
  await cp(join(locales, 'en'), join(folder, 'en'), { recursive: true });
  await mkdir(join(folder, PSEUDO));
  for (const file of await readdir(join(locales, 'en'))) {
    const texts = JSON.parse(await readFile(join(locales, 'en', file), 'utf8')) as unknown;
    await writeFile(join(folder, PSEUDO, file), JSON.stringify(pseudo(texts)));
  }
}

function pseudo(texts: unknown): unknown {
  if (typeof texts === 'string') return pseudoText(texts);
  if (Array.isArray(texts)) return texts.map(pseudo);
  const entries = Object.entries(texts as Record<string, unknown>);
  return Object.fromEntries(entries.map(([name, value]) => [name, pseudo(value)]));
}

function pseudoText(text: string): string {
  const parts = text.split(PLACEHOLDER);
  const accented = parts.map((part) => (PLACEHOLDER.test(part) ? part : part.replace(/[a-z]/gi, accent)));
  const letters = parts.filter((part) => !PLACEHOLDER.test(part)).join('').length;
  // In words, as longer languages are longer.
  const more = 'łöñğ '.repeat(Math.ceil((letters * 0.6) / 5)).trim();
  return `${BRACKETS.open}${accented.join('')} ${more}${BRACKETS.close}`;
}

const accent = (letter: string) => ACCENTED[PLAIN.indexOf(letter)] ?? letter;
