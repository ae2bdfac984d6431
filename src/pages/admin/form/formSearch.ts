import type { Deps } from '../../../deps.js';
import { searchDirectory, type Found, type Picker } from '../pickers/searchDirectory.js';
import { textOf, textsOf } from './fields.js';
import type { Body } from './typedForm.js';

// Without JavaScript a search sends the whole form, which is then shown again with what was typed and what was found.

/** A search of a form: `<field>Search` holds the words, `<field>More` asks for the next page, `find` names the field. */
type Search = { field: string; text: string; cursor?: string };

/** What a search of a form has found, shown below its field. */
export type FormSearch = { field: string; text: string; found: Found };

/** Runs the search for which a form was sent; null for a form that was sent for another reason. */
export async function runSearch(
  deps: Deps,
  picker: Picker,
  { body, fields }: { body: Body; fields: readonly string[] },
): Promise<FormSearch | null> {
  const search = readSearch(body, fields);
  if (!search) return null;
  const { field, ...query } = search;
  return { field, text: query.text, found: await searchDirectory(deps, picker, query) };
}

function readSearch(body: Body, fields: readonly string[]): Search | null {
  const pressed = fields.find((field) => body.find === field || body[`${field}More`] !== undefined);
  // The Enter key in a search field means the search.
  const entered =
    body.enter === undefined ? undefined : fields.find((field) => textOf(body[`${field}Search`]) !== '');
  const field = pressed ?? entered;
  if (field === undefined) return null;
  const more = body[`${field}More`];
  return { field, text: textOf(body[`${field}Search`]), ...(more !== undefined && { cursor: textOf(more) }) };
}

/**
 * The ids of a field of people, one a line: those that are typed in `<field>`, without those of `<field>Shown` whose tick in
 * `<field>Keep` was taken away, and with those that were ticked among what a search found, in `<field>Pick`.
 */
export function chosenIds(body: Body, field: string): string {
  const typed = textOf(body[field]).trimEnd();
  const kept = new Set(textsOf(body[`${field}Keep`]));
  const dropped = new Set(textsOf(body[`${field}Shown`]).filter((id) => !kept.has(id)));
  const ids = typed.split(/[\s,;]+/).filter((id) => id !== '');
  const left = ids.filter((id) => !dropped.has(id.toLowerCase()));
  const present = new Set(left.map((id) => id.toLowerCase()));
  const added = textsOf(body[`${field}Pick`]).filter((id) => !present.has(id.toLowerCase()));
  // Text that is no id stays as it was typed, so that the policy's check can name what is wrong with it.
  const rest = left.length === ids.length ? typed : left.join('\n');
  return [rest, ...added].filter((line) => line !== '').join('\n');
}
