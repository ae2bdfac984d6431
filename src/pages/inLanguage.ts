import type { Locals } from 'express';
import { directionOf, type Direction } from '../language.js';

/** Attributes of a block that is not in the language of its page. */
export type LanguageMark = { lang: string; dir: Direction };

/** A text as a page shows it to a reader; `note` is a sentence where their language is missing. */
export type ShownText<T> = { text: T; mark: LanguageMark | null; note: string | null };

type Reader = Pick<Locals, 't' | 'language' | 'wanted'>;
type InLanguage = { language: string | null };

/** The text for a reader: in their language, else in English, else the first; null where there is none. */
export function showText<T extends InLanguage>(texts: readonly T[], reader: Reader): ShownText<T> | null {
  const text = textFor(texts, reader.wanted);
  return text ? asShown(text, texts, reader) : null;
}

/** One of several texts that was asked for. */
export function asShown<T extends InLanguage>(text: T, texts: readonly T[], reader: Reader): ShownText<T> {
  return { text, mark: markOf(text.language, reader.language), note: onlyIn(texts, reader) };
}

/**
 * Looks for the very tag, then for the language as it is written there: zh-TW, zh-HK and zh-MO read Traditional Chinese, any other
 * zh Simplified.
 *
 * @param wanted BCP 47, the most wanted first
 */
export function textFor<T extends InLanguage>(texts: readonly T[], wanted: readonly string[]): T | undefined {
  for (const tag of [...wanted, 'en']) {
    const related = texts.filter(({ language }) => language !== null && isReadBy(language, tag));
    const found =
      related.find(({ language }) => language === tag) ??
      related.find(({ language }) => !new Intl.Locale(language ?? '').region) ??
      related[0];
    if (found) return found;
  }
  return texts[0];
}

function isReadBy(tag: string, locale: string): boolean {
  const [one, other] = [new Intl.Locale(tag).maximize(), new Intl.Locale(locale).maximize()];
  return one.language === other.language && one.script === other.script;
}

/** @param tag of the block; null for a language that nobody has named, which gets no mark */
export function markOf(tag: string | null, pageLanguage: string): LanguageMark | null {
  return tag === null || tag === pageLanguage ? null : { lang: tag, dir: directionOf(tag) };
}

function onlyIn(texts: readonly InLanguage[], { t, language, wanted }: Reader): string | null {
  const tags = texts.flatMap((text) => text.language ?? []);
  if (tags.length === 0 || tags.some((tag) => wanted.some((one) => isReadBy(tag, one)))) return null;
  const languages = tags.map((tag) => languageName(tag, language));
  return t('page.onlyIn', { languages: new Intl.ListFormat(language).format(languages) });
}

/** What a language is called in another one: Swedish, svenska. */
export function languageName(tag: string, inLanguage: string): string {
  const names = new Intl.DisplayNames(inLanguage, { type: 'language', languageDisplay: 'standard' });
  return names.of(tag) ?? tag;
}
