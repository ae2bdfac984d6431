import {
  policyChanges,
  type FieldChange,
  type PolicyChange,
  entriesOf,
  type PolicyEntry,
} from './changes.js';
import type { PolicyEdit } from './editText.js';
import { listIn } from './rawJson.js';

/**
 * Applies a change to the version of the same document that another person has saved meanwhile. Their order of partners stays.
 *
 * @returns the edits that change `theirs` as `base` was changed to make `mine`; null when both changed the same partner, app,
 *   group or setting, so that a person has to choose
 */
export function rebasedEdits(base: unknown, mine: unknown, theirs: unknown): PolicyEdit[] | null {
  const changes = policyChanges(base, mine);
  const touched = new Set(policyChanges(base, theirs).map(nameOf));
  if (changes.some((change) => touched.has(nameOf(change)))) return null;
  const places = entriesOf(theirs);
  const fresh = entriesOf(mine);
  const entriesTo = (kind: PolicyChange['kind'], entries: Map<string, PolicyEntry>) =>
    changes.flatMap((change) => {
      const entry = change.kind === kind ? entries.get(nameOf(change)) : undefined;
      return entry ? [{ ...entry, change }] : [];
    });
  const end = listIn(theirs, 'partners').length;
  const additions = entriesTo('added', fresh);
  const newPartners = additions.filter(({ section }) => section === 'partners');
  const others = additions.filter(({ section }) => section !== 'partners');
  return [
    ...entriesTo('changed', places).flatMap(({ path, change }) =>
      fieldEdits(path, change.fields, fresh.get(nameOf(change))?.value),
    ),
    ...others.map(({ path, value }) => ({ path, value })),
    ...newPartners.map(({ value }, index) => ({ path: ['partners', end + index], value })),
    ...fromTheEnd(entriesTo('removed', places)).map(({ path }) => ({ path, value: undefined })),
  ];
}

const nameOf = ({ section, key }: PolicyChange) => `${section}/${key}`;

/**
 * Removals come first: a member that was `{}` and now has members appears as both, and setting them must come last.
 *
 * @param whole the new entry; written in one piece where it has members on one side only
 */
function fieldEdits(at: PolicyEdit['path'], fields: FieldChange[], whole: unknown): PolicyEdit[] {
  if (fields.some(({ path }) => path.length === 0)) return [{ path: at, value: whole }];
  const edits = fields.map(({ path, after }) => ({ path: [...at, ...path], value: after }));
  const isRemoval = ({ value }: PolicyEdit) => value === undefined;
  return [...edits.filter(isRemoval), ...edits.filter((edit) => !isRemoval(edit))];
}

/** Sorted from the end of the list, so that each removal leaves the positions of the next ones unchanged. */
function fromTheEnd<Placed extends { path: PolicyEdit['path'] }>(places: Placed[]): Placed[] {
  const position = ({ path }: Placed) => (typeof path[1] === 'number' ? path[1] : 0);
  return [...places].sort((one, other) => position(other) - position(one));
}
