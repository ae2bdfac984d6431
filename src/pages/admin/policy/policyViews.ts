import { consequencesInWords } from '../../../licences/inWords.js';
import type { Locals, Response } from 'express';
import type { PolicyPreview } from '../../../administration/previewPolicy.js';
import type { PublicError } from '../../../errors.js';
import type { Translate } from '../../../language.js';
import type { PolicyChange } from '../../../policy/changes.js';
import { viewOfReplay } from './replayView.js';
import { describeFaults } from '../../../policyFile/faultTexts.js';
import { COMMENT_LENGTH, fieldsOf, fieldsOfTerms, type SentProposal } from './sentProposal.js';

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
    faults: describeFaults(res.locals.t, preview.faults),
    ...viewOfChanges(preview.changes, res.locals.t),
    summary: summaryOf(preview.changes, res.locals),
    replay: preview.replay && viewOfReplay(preview.replay, res.locals.t),
    costs: consequencesInWords(res.locals.t, res.locals.locale, preview.costs),
    problem: problem?.id ?? null,
    fields: fieldsOf(sent),
    back,
    comment,
    base: proposal.base,
    newTerms: fieldsOfTerms(proposal.terms),
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

const KINDS = ['changed', 'added', 'removed'] as const;
const THINGS = ['partners', 'apps', 'groups', 'settings'] as const;

/** A sentence that says how many of what a proposal changes, adds and removes. */
function summaryOf(changes: PolicyChange[], { t, language }: Pick<Locals, 't' | 'language'>): string {
  if (changes.length === 0) return t('policy.noChanges');
  const and = new Intl.ListFormat(language);
  const done = KINDS.flatMap((kind) => {
    const things = THINGS.flatMap((thing) => {
      const count = changes.filter((change) => kindOf(change) === kind && thingOf(change) === thing).length;
      return count > 0 ? [t(`policy.contents.${thing}`, { count })] : [];
    });
    return things.length > 0 ? [t(`policy.does.${kind}`, { what: and.format(things) })] : [];
  });
  return t('policy.thisDoes', { what: and.format(done) });
}

function thingOf({ section }: PolicyChange): (typeof THINGS)[number] {
  return THINGS.find((thing) => thing === section) ?? 'settings';
}

/** A setting that nobody had written has a value all the same: it is changed. */
function kindOf(change: PolicyChange): PolicyChange['kind'] {
  return thingOf(change) === 'settings' ? 'changed' : change.kind;
}
