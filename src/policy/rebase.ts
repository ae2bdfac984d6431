import { policyChanges, type PolicyChange } from './changes.js';
import type { PolicyEdit } from './editText.js';
import { entriesOf } from './entries.js';
import { listIn } from './rawJson.js';

/**
 * Carries a change over to what somebody else has made of the same document meanwhile.
 *
 * @returns the edits that do to `theirs` what was done to `base` to make `mine`; null when both touched the same partner, app,
 *   group or setting, so that a person has to choose
 */
export function rebasedEdits(base: unknown, mine: unknown, theirs: unknown): PolicyEdit[] | null {
  const changes = policyChanges(base, mine);
  const touched = new Set(policyChanges(base, theirs).map(nameOf));
  if (changes.some((change) => touched.has(nameOf(change)))) return null;
  const places = entriesOf(theirs);
  const added = entriesOf(mine);
  let next = listIn(theirs, 'partners').length;
  const removals: PolicyEdit[] = [];
  const edits = changes.flatMap((change): PolicyEdit[] => {
    const entry = places.get(nameOf(change));
    if (change.kind === 'added') {
      const { section, value, path } = added.get(nameOf(change)) ?? {
        section: change.section,
        path: [],
        value: undefined,
      };
      return [{ path: section === 'partners' ? ['partners', next++] : path, value }];
    }
    if (!entry) return [];
    if (change.kind === 'changed') {
      return change.fields.map(({ path, after }) => ({ path: [...entry.path, ...path], value: after }));
    }
    removals.push({ path: entry.path, value: undefined });
    return [];
  });
  // From the end of the list, so that the earlier positions stay true.
  return [...edits, ...removals.reverse()];
}

const nameOf = ({ section, key }: PolicyChange) => `${section}/${key}`;
