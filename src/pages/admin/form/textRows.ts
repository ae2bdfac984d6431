import type { Locals } from 'express';
import { capitalised } from '../../../language.js';
import { tagFault } from '../../../policy/languageTag.js';
import { languageName, markOf, type LanguageMark } from '../../inLanguage.js';
import { textId, textsTyped, type FormValue } from './fields.js';

/** The field for a text in a language; the tag is empty for one whose language is not named. */
export type TextRow = {
  id: string;
  tag: string;
  /** The language by its name. */
  label: string;
  text: string;
  mark: LanguageMark | null;
};

/** A row for each language of the portal, for every other language that has a text, and for a text without a language. */
export function textRows(
  name: string,
  value: FormValue,
  languages: readonly string[],
  locals: Pick<Locals, 't' | 'language'>,
): TextRow[] {
  const typed = new Map(textsTyped(value).map(({ tag, text }) => [tag, text]));
  const tags = new Set([...(typed.has('') ? [''] : []), ...languages, ...typed.keys()]);
  return [...tags].map((tag) => ({
    id: textId(name, tag),
    tag,
    label: nameOfTag(tag, locals),
    text: typed.get(tag) ?? '',
    // What was typed may be anything.
    mark: tagFault(tag) ? null : markOf(tag, locals.language),
  }));
}

/** A language by its name, as it begins a line. */
export function nameOfTag(tag: string, { t, language }: Pick<Locals, 't' | 'language'>): string {
  if (tag === '') return t('settings.noLanguage');
  return tagFault(tag) ? tag : capitalised(languageName(tag, language), language);
}
