import { dirname, join } from 'node:path';
import { childPath } from '../policy/jsonWalk.js';
import { reason, type FaultReason, type PolicyFault } from '../policy/policyFault.js';
import { isRecord, memberOf, parsedJson } from '../policy/rawJson.js';
import { textsIn, type Text, type WrittenTexts } from '../policy/texts.js';
import { asTextFile, readTextFile, type TextFile, type UnreadFile } from './textFile.js';

/** The terms in one language. `hash` is the SHA-256 of their file, by which a request names the text that was accepted. */
export type TermsText = Text & { file: string; hash: string };

/** The terms of use in force, in every language; `hash` stands for all of them together. */
export type Terms = { texts: TermsText[]; hash: string };

/** A file that `portal.terms` names, and what stands in it. */
export type TermsFile = { language: string | null; file: string; path: string; contents: TextFile };

/**
 * Reads the files of the terms, which lie in the folder of the policy or below it: the schema makes sure. Symbolic links are
 * followed, because mounted configuration often consists of them.
 *
 * @param instead contents by file name that count instead of what is on disk
 */
export function readTerms(
  policyPath: string,
  written: WrittenTexts | undefined,
  instead: Record<string, string> = {},
): Promise<TermsFile[]> {
  return Promise.all(
    textsIn(written).map(async ({ language, text: file }) => {
      const path = join(dirname(policyPath), file);
      const contents = instead[file] === undefined ? await readTextFile(path) : asTextFile(instead[file]);
      return { language, file, path, contents };
    }),
  );
}

export function termsFaults(files: readonly TermsFile[]): PolicyFault[] {
  return files.flatMap(({ language, contents }) => {
    const path = language === null ? 'portal.terms' : childPath('portal.terms', language);
    if (!contents.ok) return [{ path, ...unreadFault('terms', contents) }];
    return contents.text.trim() === '' ? [{ path, ...reason('terms.empty') }] : [];
  });
}

export function unreadFault(what: 'file' | 'terms', file: UnreadFile): FaultReason {
  return 'detail' in file
    ? reason(`${what}.${file.why}`, { detail: file.detail })
    : reason(`${what}.${file.why}`);
}

/** The terms of faultless files; null where there are none. */
export function termsOf(files: readonly TermsFile[]): Terms | null {
  const texts = files.flatMap(({ language, file, contents }): TermsText[] =>
    contents.ok ? [{ language, file, text: contents.text, hash: contents.hash }] : [],
  );
  return texts.length === 0 ? null : { texts, hash: hashOfTerms(writtenTerms({ texts })) };
}

/** The terms as a person writes them. */
export function writtenTerms({ texts }: Pick<Terms, 'texts'>): WrittenTexts {
  const only = texts.find(({ language }) => language === null);
  if (only) return only.text;
  return Object.fromEntries(
    texts.flatMap(({ language, text }) => (language === null ? [] : [[language, text]])),
  );
}

/** SHA-256 of the terms: of their text, or of all texts together. */
export const hashOfTerms = (written: WrittenTexts) => asTextFile(storedTerms(written)).hash;

/** The terms as the store keeps them beside a version of the policy, which says whether they are one text or several. */
export function storedTerms(written: WrittenTexts): string {
  if (typeof written === 'string') return written;
  const byTag = Object.entries(written).sort(([one], [other]) => (one < other ? -1 : 1));
  return JSON.stringify(Object.fromEntries(byTag));
}

/** The terms of a stored version; null for none. */
export function termsOfVersion(version: { text: string; terms: string | null }): WrittenTexts | null {
  const { text, terms } = version;
  const named = memberOf(memberOf(parsedJson(text), 'portal'), 'terms');
  return terms !== null && isRecord(named) ? (parsedJson(terms) as Record<string, string>) : terms;
}
