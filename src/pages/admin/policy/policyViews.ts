import type { Response } from 'express';
import type { PolicyPreview } from '../../../administration/previewPolicy.js';
import type { DecisionSummary, Replay } from '../../../administration/replay.js';
import type { PublicError } from '../../../errors.js';
import type { Translate } from '../../../language.js';
import type { PolicyChange } from '../../../policy/changes.js';
import { COMMENT_LENGTH, fieldsOf, type SentProposal } from './sentProposal.js';

/** A page shows no more than this of what differs; the difference line by line has the rest. */
const MOST_CHANGES = 200;

export type ShownChange = Omit<PolicyChange, 'fields'> & {
  fields: { field: string; before: string | null; after: string | null }[];
};

/**
 * Shows what a proposal would change, which requests would be decided otherwise, and its faults (422), with a form that saves
 * exactly this proposal.
 *
 * @param problem why it could not be saved, if that was tried
 */
export function renderPreview(
  res: Response,
  preview: PolicyPreview,
  sent: SentProposal,
  problem?: PublicError,
): void {
  const { proposal, back, comment, restoredFrom, form } = sent;
  res.status(problem?.status ?? (preview.faults.length > 0 ? 422 : 200)).render('admin/policyPreview', {
    ...preview,
    ...viewOfChanges(preview.changes, res.locals.t),
    replay: preview.replay && viewOfReplay(preview.replay, res.locals.t),
    problem: problem?.id ?? null,
    fields: fieldsOf(sent),
    back,
    comment,
    base: proposal.base,
    newTerms: proposal.terms,
    editable: 'text' in proposal && restoredFrom === undefined,
    // A button has no values to go back to.
    form: form && Object.keys(form.values).length > 0 ? form.path : null,
    commentLength: COMMENT_LENGTH,
  });
}

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

function viewOfReplay(replay: Replay, t: Translate) {
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
