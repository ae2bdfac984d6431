import { covers, type Access } from '../access/access.js';
import type { Deps } from '../deps.js';
import type { Decision, Outcome } from '../policy/decision.js';
import type { Policy } from '../policy/policy.js';
import { proofAskedBy } from '../policy/afterProof.js';
import { eachInSlices } from '../policy/slices.js';
import { decisionNow } from '../policy/decisionNow.js';
import { findLastRequests, type LastRequest } from '../store/lastRequests.js';

/** How many of the newest requests are decided again. */
export const REPLAYED = 500;

/**
 * What of a decision people look at: the outcome, what is to be proved first and the outcome after that, the partner, and the
 * keys of what is granted.
 */
export type Verdict = {
  outcome: Outcome;
  proof: { kind: 'mailbox' | 'tenant'; then: Outcome } | null;
  partner: string | null;
  groups: string[];
  apps: string[];
};

export type ReplayedRequest = LastRequest & { before: Verdict; after: Verdict };

export type Replay = {
  /** How many requests were decided again. */
  examined: number;
  changed: ReplayedRequest[];
  /** How many change from one outcome to another; where both are the same, the proof, the partner or the grants differ. */
  counts: { before: Outcome; after: Outcome; count: number }[];
};

/**
 * Decides the newest requests that a person may see by two policies, and finds those whose outcome, partner or grants differ.
 * It is the policy alone that is compared: what was counted (limits) and what people decided stays out of it.
 */
export async function replay(deps: Deps, access: Access, before: Policy, after: Policy): Promise<Replay> {
  const requests = await findLastRequests(deps.store.db, REPLAYED);
  const visible = requests.filter(({ partner }) => covers(access.reads, partner));
  const changed: ReplayedRequest[] = [];
  await eachInSlices(visible, (request) => {
    const [one, other] = [before, after].map((policy) => judged(policy, request));
    if (one && other && one.essence !== other.essence) {
      changed.push({ ...request, before: one.verdict, after: other.verdict });
    }
  });
  return { examined: visible.length, changed, counts: countsOf(changed) };
}

function judged(policy: Policy, request: LastRequest): { verdict: Verdict; essence: string } {
  const decision = decisionNow(policy, request);
  const kind = proofAskedBy(decision);
  const then = kind && decisionNow(policy, { ...request, proof: { kind } }).outcome;
  const proof = kind && then && { kind, then };
  return { verdict: verdictOf(decision, proof), essence: essence(decision, proof) };
}

// Ids rather than keys: a key that leads to another group grants something else.
function essence(
  { outcome, partner, grants: { groups, appRoles, apps } }: Decision,
  proof: Verdict['proof'],
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

function verdictOf({ outcome, partner, grants }: Decision, proof: Verdict['proof']): Verdict {
  const keys = (granted: { key: string }[]) => granted.map(({ key }) => key);
  return { outcome, proof, partner, groups: keys(grants.groups), apps: keys(grants.apps) };
}

function countsOf(changed: ReplayedRequest[]): Replay['counts'] {
  const counts = new Map<string, Replay['counts'][number]>();
  for (const { before, after } of changed) {
    const name = `${before.outcome} ${after.outcome}`;
    const entry = counts.get(name) ?? { before: before.outcome, after: after.outcome, count: 0 };
    counts.set(name, { ...entry, count: entry.count + 1 });
  }
  return [...counts.values()];
}
