import type { Deps } from '../deps.js';
import { policyChanges, type PolicyChange } from '../policy/changes.js';
import { parsedJson } from '../policy/rawJson.js';
import { rebasedEdits } from '../policy/rebase.js';
import { hashOfTerms } from '../policyFile/terms.js';
import { findPolicyVersionByHash, type PolicyVersion } from '../store/policyVersions.js';
import { cleanTerms, proposedText, type PolicyProposal } from './draftPolicy.js';
import { lineDiff, type DiffLine } from './previewPolicy.js';
import { findLatestVersion, type NamedVersion } from './policyVersions.js';

/** A proposal and what somebody else has saved meanwhile; null where the store does not have the policy that it was made from. */
export type PolicyConflict = {
  /** Who made the policy in force, and when. */
  latest: NamedVersion | null;
  /** What was changed since the proposal was begun. */
  theirs: PolicyChange[] | null;
  /** What the proposal changes. */
  mine: PolicyChange[] | null;
  /** The proposal's whole text, to be edited further by hand; `base` is the policy that it would replace. */
  text: string | null;
  base: string;
  /** From the policy in force to the proposal. */
  lines: DiffLine[] | null;
  /** The same change made to the policy in force, where nobody else has changed the same partner, app, group or setting. */
  onTop: PolicyProposal | null;
};

/** Compares a proposal that came too late with what is in the file now. */
export async function describeConflict(deps: Deps, proposal: PolicyProposal): Promise<PolicyConflict> {
  const now = deps.policy.newest() ?? deps.policy.current();
  const base = await findPolicyVersionByHash(deps.store.db, proposal.base);
  const text = base ? proposedText(proposal, base.text) : 'text' in proposal ? proposal.text : null;
  const [was, mine, theirs] = [base?.text, text ?? undefined, now.text].map((json) =>
    json === undefined ? undefined : parsedJson(json),
  );
  const comparable = was !== undefined && mine !== undefined && theirs !== undefined;
  const terms = base && termsOnTop(deps, base, proposal);
  const edits = comparable && terms ? rebasedEdits(was, mine, theirs) : null;
  return {
    latest: await findLatestVersion(deps),
    theirs: comparable ? policyChanges(was, theirs) : null,
    mine: comparable ? policyChanges(was, mine) : null,
    text,
    base: now.hash,
    lines: text === null ? null : lineDiff(now.text, text),
    onTop: edits && { base: now.hash, edits, ...terms },
  };
}

/** The terms of use of a proposal, if they are new; null when somebody else has changed the terms meanwhile. */
function termsOnTop(
  deps: Deps,
  base: PolicyVersion,
  { terms }: PolicyProposal,
): Pick<PolicyProposal, 'terms'> | null {
  if (terms === undefined || hashOfTerms(cleanTerms(terms)) === base.terms_hash) return {};
  const theirs = deps.policy.current().terms?.hash ?? null;
  return theirs === base.terms_hash ? { terms } : null;
}
