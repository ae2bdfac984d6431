import type { DecisionSummary, Replay } from '../../../administration/replay.js';
import type { Translate } from '../../../language.js';
import type { PolicyChange } from '../../../policy/changes.js';

/** A page shows no more than this of what differs; the difference line by line has the rest. */
const MOST_CHANGES = 200;

export type ShownChange = Omit<PolicyChange, 'fields'> & {
  fields: { field: string; before: string | null; after: string | null }[];
};

/** Changes as a page shows them, with how many there are of each kind. */
export function viewOfChanges(changes: PolicyChange[], t: Translate) {
  const count = (kind: PolicyChange['kind']) => changes.filter((change) => change.kind === kind).length;
  return {
    changes: changes.slice(0, MOST_CHANGES).map((change): ShownChange => ({
      ...change,
      fields: change.fields.map(({ field, before, after }) => ({
        field,
        before: describeValue(before, t),
        after: describeValue(after, t),
      })),
    })),
    changeCounts: { added: count('added'), removed: count('removed'), changed: count('changed') },
    hiddenChanges: Math.max(0, changes.length - MOST_CHANGES),
  };
}

/** A value of the policy for people; null for one that is absent. */
function describeValue(value: unknown, t: Translate): string | null {
  if (value === undefined) return null;
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean') return value ? t('policy.yes') : t('policy.no');
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value.join(', ');
  return JSON.stringify(value);
}

export function viewOfReplay(replay: Replay, t: Translate) {
  return {
    examined: replay.examined,
    total: replay.changed.length,
    counts: replay.counts.map(({ before, after, count }) => ({
      before: t(`policy.outcome.${before}`),
      after: t(`policy.outcome.${after}`),
      count,
    })),
    changed: replay.changed.slice(0, MOST_CHANGES).map((request) => ({
      ...request,
      before: viewOfDecision(request.before, t),
      after: viewOfDecision(request.after, t),
    })),
  };
}

function viewOfDecision({ outcome, proof, partner, groups, apps }: DecisionSummary, t: Translate) {
  return {
    outcome: t(`policy.outcome.${outcome}`),
    proof: proof && t(`policy.replay.proof.${proof.kind}`, { then: t(`policy.outcome.${proof.then}`) }),
    partner: partner ?? t('policy.noPartner'),
    apps: apps.join(', '),
    groups: groups.join(', '),
  };
}
