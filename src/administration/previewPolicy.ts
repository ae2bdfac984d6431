import type { Access } from '../access/access.js';
import type { Deps } from '../deps.js';
import { policyChanges, type PolicyChange } from '../policy/changes.js';
import type { PolicyFault } from '../policy/policyFault.js';
import { parsedJson } from '../policy/rawJson.js';
import { directoryFaults } from './directoryFaults.js';
import { findTenantless, type Tenantless } from './homeTenants.js';
import { draftPolicy, type PolicyDraft, type PolicyProposal } from './draftPolicy.js';
import { lineDiff, type DiffLine } from './lineDiff.js';
import { replay, type Replay } from './replay.js';

/** What a proposal would do; `changes` and `lines` are against what is in force. */
export type PolicyPreview = {
  text: string;
  differs: boolean;
  faults: PolicyFault[];
  /** Paths of ids that could not be looked up in the directory. */
  unchecked: string[];
  /** Domains at whose tenant people would have to sign in, and that have none as far as can be told. */
  tenantless: Tenantless[];
  changes: PolicyChange[];
  lines: DiffLine[] | null;
  /** The difference of the terms of use; null when they stay. */
  terms: { lines: DiffLine[] | null } | null;
  /** Null for a proposal that no request can be decided by. */
  replay: Replay | null;
};

/**
 * Shows what a proposal would do, and does nothing.
 *
 * @param draft the proposal as it was carried out a moment ago, if it was: for a large policy that is most of the work
 * @throws policyConflict when the policy file is not what the proposal was made from
 */
export async function previewPolicy(
  deps: Deps,
  access: Access,
  proposal: PolicyProposal,
  draft?: PolicyDraft,
): Promise<PolicyPreview> {
  const { text, reading, current, differs } = draft ?? (await draftPolicy(deps, proposal));
  const common = {
    text,
    differs,
    changes: policyChanges(parsedJson(current.text), parsedJson(text)),
    lines: lineDiff(current.text, text),
  };
  if (reading.kind !== 'loaded') {
    const faults = reading.kind === 'refused' ? reading.faults : [];
    return { ...common, faults, unchecked: [], tenantless: [], terms: null, replay: null };
  }
  const { policy, terms } = reading.loaded;
  const [directory, tenantless] = await Promise.all([
    directoryFaults(deps, reading.loaded),
    findTenantless(deps.config, current.policy.document, policy.document),
  ]);
  return {
    ...common,
    ...directory,
    tenantless,
    terms:
      terms?.hash === current.terms?.hash
        ? null
        : { lines: lineDiff(current.terms?.text ?? '', terms?.text ?? '') },
    replay: await replay(deps, access, current.policy, policy),
  };
}
