import type { Deps } from '../deps.js';
import { policyChanges, type PolicyChange } from '../policy/changes.js';
import { parsedJson } from '../policy/rawJson.js';
import { rebasedEdits } from '../policy/rebase.js';
import {
  findPolicyVersionByHash,
  latestPolicyVersion,
  type PolicyVersion,
  type PolicyVersionSummary,
} from '../store/policyVersions.js';
import { termsFile, textOf, type PolicyProposal } from './draftPolicy.js';
import { lineDiff, type DiffLine } from './lineDiff.js';

/** A proposal and what somebody else has saved meanwhile; null where the policy that it was made from is not known any more. */
export type PolicyConflict = {
  /** Who made the policy in force, and when. */
  latest: PolicyVersionSummary | undefined;
  /** What was changed since the proposal was begun. */
  theirs: PolicyChange[] | null;
  /** What the proposal changes. */
  mine: PolicyChange[] | null;
  /** The proposal's whole text, for those who want to take it up again by hand; `base` is what that would replace. */
  text: string | null;
  base: string;
  /** From what is in force to what is proposed. */
  lines: DiffLine[] | null;
  /** The same change on top of what is in force, where nobody else has touched the same partner, app, group or setting. */
  onTop: PolicyProposal | null;
};

/** Puts a proposal that came too late beside what is in the file now. */
export async function describeConflict(deps: Deps, proposal: PolicyProposal): Promise<PolicyConflict> {
  const now = deps.policy.newest() ?? deps.policy.current();
  const base = await findPolicyVersionByHash(deps.store.db, proposal.base);
  const text = base ? textOf(proposal, base.text) : 'text' in proposal ? proposal.text : null;
  const [was, mine, theirs] = [base?.text, text ?? undefined, now.text].map((json) =>
    json === undefined ? undefined : parsedJson(json),
  );
  const comparable = was !== undefined && mine !== undefined && theirs !== undefined;
  const terms = base && termsOnTop(deps, base, proposal);
  const edits = comparable && terms ? rebasedEdits(was, mine, theirs) : null;
  return {
    latest: await latestPolicyVersion(deps.store.db),
    theirs: comparable ? policyChanges(was, theirs) : null,
    mine: comparable ? policyChanges(was, mine) : null,
    text,
    base: now.hash,
    lines: text === null ? null : lineDiff(now.text, text),
    onTop: edits && { base: now.hash, edits, ...terms },
  };
}

/** The terms of use that a proposal brings along, if they are new; null when somebody else has brought others meanwhile. */
function termsOnTop(deps: Deps, base: PolicyVersion, { terms }: PolicyProposal): { terms?: string } | null {
  if (terms === undefined || termsFile(terms).hash === base.terms_hash) return {};
  const theirs = deps.policy.current().terms?.hash ?? null;
  return theirs === base.terms_hash ? { terms } : null;
}
