import type { Access } from '../access/access.js';
import type { Deps } from '../deps.js';
import { policyChanges, type PolicyChange } from '../policy/changes.js';
import type { PolicyFault } from '../policy/policyFault.js';
import { parsedJson } from '../policy/rawJson.js';
import { findDirectoryFaults } from './directoryFaults.js';
import { draftPolicy, type PolicyProposal } from './draftPolicy.js';
import { findTenantless, type Tenantless } from '../doctor/checks/homeTenants.js';
import { lineDiff, type DiffLine } from './lineDiff.js';
import { replay, type Replay } from './replay.js';

/** What differs between two policies; `terms` is null when their terms of use are the same. */
export type PolicyDifference = {
  changes: PolicyChange[];
  lines: DiffLine[] | null;
  terms: { lines: DiffLine[] | null } | null;
};

/** What a proposal would do; the difference is from the policy in force. */
export type PolicyPreview = PolicyDifference & {
  text: string;
  differs: boolean;
  /** The policy's own check refuses the text. Then nothing is looked up, and nothing replayed. */
  refused: boolean;
  faults: PolicyFault[];
  /** Paths of ids that could not be looked up in the directory. */
  unchecked: string[];
  tenantless: Tenantless[];
  replay: Replay | null;
};

/** Shows what a proposal would do; null when the policy file is not what the proposal was made from. */
export async function previewPolicy(
  deps: Deps,
  access: Access,
  proposal: PolicyProposal,
): Promise<PolicyPreview | null> {
  const draft = await draftPolicy(deps, proposal);
  if (!draft) return null;
  const { text, reading, current, differs } = draft;
  const loaded = reading.kind === 'loaded' ? reading.loaded : null;
  const difference = policyDifference(current, { text, terms: (loaded ?? current).terms });
  const shown = { ...difference, text, differs, refused: loaded === null };
  if (!loaded) {
    const faults = reading.kind === 'refused' ? reading.faults : [];
    return { ...shown, faults, unchecked: [], tenantless: [], replay: null };
  }
  const [directory, tenantless] = await Promise.all([
    findDirectoryFaults(deps, loaded),
    findTenantless(deps.config, current.policy.document, loaded.policy.document),
  ]);
  return {
    ...shown,
    ...directory,
    tenantless,
    replay: await replay(deps, access, current.policy, loaded.policy),
  };
}

type Texts = { text: string; terms: { text: string } | null };

export function policyDifference(before: Texts, after: Texts): PolicyDifference {
  const [old, fresh] = [before.terms?.text, after.terms?.text];
  return {
    changes: policyChanges(parsedJson(before.text), parsedJson(after.text)),
    lines: lineDiff(before.text, after.text),
    terms: old === fresh ? null : { lines: lineDiff(old ?? '', fresh ?? '') },
  };
}
