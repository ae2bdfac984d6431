import type { DecisionSummary, Replay } from '../../../administration/replay.js';
import type { Translate } from '../../../language.js';

/** As many kinds of change, and requests of each, as a page shows. */
const MOST_KINDS = 20;
const MOST_REQUESTS = 200;

type ReplayedRequest = Replay['changed'][number];

/** One thing in which two decisions differ. Lists are without what both have, and null where nothing is left. */
type Difference = { label: string; before: string | null; after: string | null };

/** The requests that would be decided otherwise, by kind of change: what differs is the same for all requests of a kind. */
export function viewOfReplay({ examined, changed, counts }: Replay, t: Translate) {
  const kinds = new Map<string, { differences: Difference[]; requests: ReplayedRequest[] }>();
  for (const request of changed) {
    const differences = differencesOf(request, t);
    const name = JSON.stringify([request.before.outcome, request.after.outcome, differences]);
    const kind = kinds.get(name) ?? { differences, requests: [] };
    kind.requests.push(request);
    kinds.set(name, kind);
  }
  const largestFirst = [...kinds.values()].sort((one, other) => other.requests.length - one.requests.length);
  return {
    examined,
    total: changed.length,
    sentences: sentencesOf({ examined, counts, total: changed.length }, t),
    kinds: largestFirst.slice(0, MOST_KINDS).map(({ differences, requests }) => ({
      title: titleOf(requests[0], t),
      differences,
      count: requests.length,
      requests: requests.slice(0, MOST_REQUESTS),
    })),
    hiddenKinds: Math.max(0, largestFirst.length - MOST_KINDS),
  };
}

/** One sentence for each change of the outcome; for more than two, one for all. */
function sentencesOf(
  { examined, counts, total }: Pick<Replay, 'examined' | 'counts'> & { total: number },
  t: Translate,
): string[] {
  if (total === 0) return [];
  if (counts.length > 2) return [t('policy.replay.changed', { count: total, examined })];
  return counts.map(({ before, after, count }) =>
    before === after
      ? t('policy.replay.sameOutcome', { count, examined })
      : t('policy.replay.otherwise', {
          count,
          examined,
          then: t(`policy.replay.then.${after}`),
          now: t(`policy.replay.insteadOf.${before}`),
        }),
  );
}

function titleOf(request: ReplayedRequest | undefined, t: Translate): string {
  const { before, after } = request ?? {};
  return before?.outcome === after?.outcome
    ? t('policy.replay.otherAccess')
    : `${t(`policy.outcome.${before?.outcome}`)} → ${t(`policy.outcome.${after?.outcome}`)}`;
}

function differencesOf({ before, after }: ReplayedRequest, t: Translate): Difference[] {
  const without = (one: string[], other: string[]) =>
    one.filter((key) => !other.includes(key)).join(', ') || null;
  const named = (label: string, one: string | null, other: string | null): Difference[] =>
    one === other ? [] : [{ label, before: one, after: other }];
  const nothing = t('policy.noPartner');
  return [
    ...named(t('policy.replay.proof.label'), proofOf(before, t), proofOf(after, t)),
    ...named(t('policy.explain.partner'), before.partner ?? nothing, after.partner ?? nothing),
    ...named(t('policy.explain.apps'), without(before.apps, after.apps), without(after.apps, before.apps)),
    ...named(
      t('policy.explain.groups'),
      without(before.groups, after.groups),
      without(after.groups, before.groups),
    ),
  ];
}

function proofOf({ proof }: DecisionSummary, t: Translate): string {
  return proof === null
    ? t('policy.noPartner')
    : t(`policy.replay.proof.${proof.kind}`, { then: t(`policy.outcome.${proof.then}`) });
}
