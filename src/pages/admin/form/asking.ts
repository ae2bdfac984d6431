import { find, type Found, type Picker } from '../pickers/find.js';
import type { Deps } from '../../../deps.js';
import { textOf, textsOf } from './fields.js';

// Buttons that look something up for a form without sending it on: the form is shown again with what was typed.

/** A search of a form: `<field>Search` holds the words, `<field>More` asks for the next page, `find` names the field. */
export type Asked = { field: string; text: string; cursor?: string };

/** What a form wants to have looked up, if that is what it was sent for. */
export function askedOf(body: Record<string, unknown>, fields: readonly string[]): Asked | null {
  const pressed = fields.find((field) => body.find === field || body[`${field}More`] !== undefined);
  // The Enter key in a search field means the search.
  const entered =
    body.enter === undefined ? undefined : fields.find((field) => textOf(body[`${field}Search`]) !== '');
  const field = pressed ?? entered;
  if (field === undefined) return null;
  const more = body[`${field}More`];
  return { field, text: textOf(body[`${field}Search`]), ...(more !== undefined && { cursor: textOf(more) }) };
}

/** What a search found, as the form's view shows it below the search field. */
export async function answer(
  deps: Deps,
  picker: Picker,
  { field, text, cursor }: Asked,
): Promise<{ field: string; text: string; found: Found }> {
  return { field, text, found: await find(deps, picker, { text, ...(cursor !== undefined && { cursor }) }) };
}

/**
 * The ids of a field of people, one a line: those that are typed in `<field>`, without those of `<field>Shown` whose tick in
 * `<field>Keep` was taken away, and with those that were ticked among what a search found, in `<field>Pick`.
 */
export function chosenIds(body: Record<string, unknown>, field: string): string {
  const typed = textOf(body[field]).trimEnd();
  const kept = new Set(textsOf(body[`${field}Keep`]));
  const dropped = new Set(textsOf(body[`${field}Shown`]).filter((id) => !kept.has(id)));
  const ids = typed.split(/[\s,;]+/).filter((id) => id !== '');
  const left = ids.filter((id) => !dropped.has(id.toLowerCase()));
  const known = new Set(left.map((id) => id.toLowerCase()));
  const added = textsOf(body[`${field}Pick`]).filter((id) => !known.has(id.toLowerCase()));
  // What was typed stays as it is, also where it is no id: the check names what is wrong with it.
  const rest = left.length === ids.length ? typed : left.join('\n');
  return [rest, ...added].filter((line) => line !== '').join('\n');
}
