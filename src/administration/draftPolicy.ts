import { dirname, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Deps } from '../deps.js';
import { malformed } from '../errors.js';
import { editPolicyText, UnfitEdit, type PolicyEdit } from '../policy/editText.js';
import { isRecord, memberOf, parsedJson } from '../policy/rawJson.js';
import { isTermsPath } from '../policy/schema.js';
import type { WrittenTexts } from '../policy/texts.js';
import { asTextFile, readTextFile } from '../policyFile/textFile.js';

/**
 * What a person wants the policy to be: a whole new text, or edits of the one that they saw. `base` is the SHA-256 of that
 * one; `terms` are new terms of use, in Markdown.
 */
export type PolicyProposal = { base: string; terms?: WrittenTexts } & (
  { text: string } | { edits: PolicyEdit[] }
);

/**
 * Carries a proposal out on paper: its text, what the policy's check says of that, what is in force, and whether anything would
 * change. Null when the policy file is not what the proposal was made from.
 *
 * @throws {PublicError} `malformed` when an edit does not fit the document
 */
export async function draftPolicy(deps: Deps, proposal: PolicyProposal) {
  await deps.policy.reload();
  const newest = deps.policy.newest();
  if (newest?.hash !== proposal.base) return null;
  const { text, terms } = await withTerms(deps, proposedText(proposal, newest.text), proposal.terms);
  const reading = await deps.policy.readDraft(text, terms);
  const current = deps.policy.current();
  const termsDiffer = reading.kind === 'loaded' && reading.loaded.terms?.hash !== current.terms?.hash;
  return { text, reading, current, differs: text !== newest.text || termsDiffer };
}

/**
 * The text that a proposal makes of the one that it was made from.
 *
 * @throws {PublicError} `malformed`
 */
export function proposedText(proposal: PolicyProposal, base: string): string {
  try {
    return 'text' in proposal ? withLineEndsOf(base, proposal.text) : editPolicyText(base, proposal.edits);
  } catch (error) {
    if (error instanceof UnfitEdit) throw malformed();
    throw error;
  }
}

/** Browsers send every line end as CR LF. */
function withLineEndsOf(base: string, text: string): string {
  return text.replace(/\r\n?/g, '\n').replaceAll('\n', base.includes('\r\n') ? '\r\n' : '\n');
}

/** Terms of use as they are stored, with line ends of one kind. */
export function cleanTerms(typed: WrittenTexts): WrittenTexts {
  const clean = (text: string) => text.replace(/\r\n?/g, '\n');
  if (typeof typed === 'string') return clean(typed);
  return Object.fromEntries(Object.entries(typed).map(([language, text]) => [language, clean(text)]));
}

/**
 * Names the files of new terms in `portal.terms`. Each text has a file of its own, named after its contents, so that the policy
 * and its terms change in one step and older versions still find theirs.
 *
 * @returns the policy's text, and the contents of the files by their names
 */
async function withTerms(
  { config }: Deps,
  text: string,
  typed: WrittenTexts | undefined,
): Promise<{ text: string; terms?: Record<string, string> }> {
  if (typed === undefined) return { text };
  const portal = memberOf(parsedJson(text), 'portal');
  // The check of the text reports this.
  if (!isRecord(portal)) return { text };
  const named = memberOf(portal, 'terms');
  const folder = dirname(config.policyFile);
  const terms: Record<string, string> = {};
  const fileFor = async (contents: string, present: unknown) => {
    const file = await nameOfTerms(folder, contents, present);
    terms[file] = contents;
    return file;
  };
  const clean = cleanTerms(typed);
  if (typeof clean === 'string') {
    const file = await fileFor(clean, named);
    return { text: file === named ? text : withNames(text, file), terms };
  }
  const files: Record<string, string> = {};
  for (const [language, contents] of Object.entries(clean)) {
    files[language] = await fileFor(contents, memberOf(named, language));
  }
  return { text: isDeepStrictEqual(files, named) ? text : withNames(text, files), terms };
}

const withNames = (text: string, value: WrittenTexts) =>
  editPolicyText(text, [{ path: ['portal', 'terms'], value }]);

/** @param present the name of the file that the policy has for the text now: it stays where it holds this very text */
async function nameOfTerms(folder: string, contents: string, present: unknown): Promise<string> {
  const { hash } = asTextFile(contents);
  const holds = async (name: string) => {
    const file = await readTextFile(join(folder, name));
    return file.ok ? file.hash === hash : null;
  };
  // A path that the schema refuses could lead out of the folder.
  if (typeof present === 'string' && isTermsPath(present) && (await holds(present))) return present;
  const short = `terms-${hash.slice(0, 8)}.md`;
  // Older versions may refer to a file of the short name that somebody has changed by hand.
  return (await holds(short)) === false ? `terms-${hash}.md` : short;
}
