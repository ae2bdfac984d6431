import { dirname, join } from 'node:path';
import type { Deps } from '../deps.js';
import { malformed, policyConflict } from '../errors.js';
import { editPolicyText, UnfitEdit, type PolicyEdit } from '../policy/editText.js';
import type { LoadedPolicy, PolicyReading } from '../policyFile/policyReading.js';
import { memberOf, parsedJson } from '../policy/rawJson.js';
import { isTermsPath } from '../policy/schema.js';
import { asTextFile, readTextFile } from '../policyFile/textFile.js';

/**
 * What a person wants the policy to be: a whole new text, or changes of the one that they saw. `base` is the SHA-256 of that
 * one; `terms` is the text of new terms of use, in Markdown.
 */
export type PolicyProposal = { base: string; terms?: string } & ({ text: string } | { edits: PolicyEdit[] });

/** A proposal carried out, on paper: nothing is saved. */
export type PolicyDraft = {
  text: string;
  reading: PolicyReading;
  /** What is in force. */
  current: LoadedPolicy;
  /** Whether it would change anything. */
  differs: boolean;
};

/**
 * Works out what the policy would be, and judges that.
 *
 * @throws policyConflict when the policy file is not what the proposal was made from
 * @throws malformed when an edit does not fit the document
 */
export async function draftPolicy(deps: Deps, proposal: PolicyProposal): Promise<PolicyDraft> {
  await deps.policy.reload();
  const newest = deps.policy.newest();
  if (newest?.hash !== proposal.base) throw policyConflict();
  const { text, terms } = await withTerms(deps, textOf(proposal, newest.text), proposal.terms);
  const reading = await deps.policy.readDraft(text, terms);
  const current = deps.policy.current();
  const termsDiffer = reading.kind === 'loaded' && reading.loaded.terms?.hash !== current.terms?.hash;
  return { text, reading, current, differs: text !== newest.text || termsDiffer };
}

/** The text that a proposal makes of the one that it was made from. */
export function textOf(proposal: PolicyProposal, base: string): string {
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

/** Terms of use as they are stored: browsers send every line end as CR LF. */
export const termsFile = (typed: string) => asTextFile(typed.replace(/\r\n?/g, '\n'));

/**
 * New terms get a file of their own, named after their contents, and `portal.terms` leads to it. So the policy and its terms
 * change in one step, and older versions find theirs.
 */
async function withTerms(
  { config }: Deps,
  text: string,
  typed: string | undefined,
): Promise<{ text: string; terms?: string }> {
  if (typed === undefined) return { text };
  const terms = termsFile(typed);
  const portal = memberOf(parsedJson(text), 'portal');
  // Not JSON, or no policy: the reading says so.
  if (typeof portal !== 'object' || portal === null || Array.isArray(portal)) return { text };
  const named = memberOf(portal, 'terms');
  const folder = dirname(config.policyFile);
  const holds = async (name: string) => {
    const file = await readTextFile(join(folder, name));
    return file.ok ? file.hash === terms.hash : null;
  };
  // What the schema will refuse is not read: it may lead anywhere.
  if (typeof named === 'string' && isTermsPath(named) && (await holds(named)))
    return { text, terms: terms.text };
  const short = `terms-${terms.hash.slice(0, 8)}.md`;
  // Somebody has changed that file since: what older versions refer to is not overwritten.
  const name = (await holds(short)) === false ? `terms-${terms.hash}.md` : short;
  return { text: editPolicyText(text, [{ path: ['portal', 'terms'], value: name }]), terms: terms.text };
}
