import { covers, type Access } from '../access/access.js';
import type { Deps } from '../deps.js';
import type { Decision, Outcome } from '../policy/decision.js';
import type { Policy } from '../policy/policy.js';
import { requiredProof, decisionNow } from '../policy/decide.js';
import { eachInSlices } from '../policy/slices.js';
import { findLastRequests, type LastRequest } from '../store/requests.js';

/** How many of the newest requests are decided again. */
const MOST_REPLAYED = 500;

/**
 * What a page shows of a decision: the outcome, what is to be proved first and the outcome after that, the partner, and the
 * keys of what is granted.
 */
export type DecisionSummary = {
  outcome: Outcome;
  proof: { kind: 'mailbox' | 'tenant'; then: Outcome } | null;
  partner: string | null;
  groups: string[];
  apps: string[];
};

type ReplayedRequest = LastRequest & { before: DecisionSummary; after: DecisionSummary };

export type Replay = {
  /** How many requests were decided again. */
  examined: number;
  changed: ReplayedRequest[];
  /** How many change from one outcome to another; where both are the same, the proof, the partner or the grants differ. */
  counts: { before: Outcome; after: Outcome; count: number }[];
};

/**
 * Decides the newest requests that a person may see by two policies, and finds those whose outcome, partner or grants differ.
 * It compares the policies alone: limits that were reached and reviews of people do not count.
 */
export async function replay(deps: Deps, access: Access, before: Policy, after: Policy): Promise<Replay> {
  const requests = await findLastRequests(deps.store.db, MOST_REPLAYED);
  const visible = requests.filter(({ partner }) => covers(access.reads, partner));
  const changed: ReplayedRequest[] = [];
  await eachInSlices(visible, (request) => {
    const [old, fresh] = [decideAgain(before, request), decideAgain(after, request)];
    if (old.fingerprint === fresh.fingerprint) return;
    changed.push({ ...request, before: old.summary, after: fresh.summary });
  });
  return { examined: visible.length, changed, counts: countOutcomes(changed) };
}

function decideAgain(
  policy: Policy,
  request: LastRequest,
): { summary: DecisionSummary; fingerprint: string } {
  const decision = decisionNow(policy, request);
  const kind = requiredProof(decision);
  const then = kind && decisionNow(policy, { ...request, proof: { kind } }).outcome;
  const proof = kind && then && { kind, then };
  return { summary: summaryOf(decision, proof), fingerprint: fingerprintOf(decision, proof) };
}

/** Equal where a person gets the same. It has ids rather than keys: a key may lead to another group than before. */
function fingerprintOf(
  { outcome, partner, grants: { groups, appRoles, apps } }: Decision,
  proof: DecisionSummary['proof'],
): string {
  return JSON.stringify([
    outcome,
    proof,
    partner,
    groups.map(({ id }) => id).sort(),
    appRoles.map(({ servicePrincipalId, appRoleId }) => `${servicePrincipalId} ${appRoleId}`).sort(),
    apps.map(({ key }) => key).sort(),
  ]);
}

function summaryOf({ outcome, partner, grants }: Decision, proof: DecisionSummary['proof']): DecisionSummary {
  const keys = (granted: { key: string }[]) => granted.map(({ key }) => key);
  return { outcome, proof, partner, groups: keys(grants.groups), apps: keys(grants.apps) };
}

function countOutcomes(changed: ReplayedRequest[]): Replay['counts'] {
  const counts = new Map<string, Replay['counts'][number]>();
  for (const { before, after } of changed) {
    const name = `${before.outcome} ${after.outcome}`;
    const entry = counts.get(name) ?? { before: before.outcome, after: after.outcome, count: 0 };
    counts.set(name, { ...entry, count: entry.count + 1 });
  }
  return [...counts.values()];
}
