import type { RequestHandler } from 'express';
import { checkEditing } from '../../../administration/changePolicy.js';
import type { Deps } from '../../../deps.js';
import { malformed } from '../../../errors.js';
import { findGroups } from '../../../graph/groups.js';
import { findPeople } from '../../../graph/users.js';
import { accessIn } from '../../../http/guard.js';
import { isGuid } from '../../../policy/guid.js';
import { textOf, textsOf } from '../form/fields.js';
import {
  describeFailure,
  pickerSignal,
  searchDirectory,
  type Found,
  type Picker,
} from './searchDirectory.js';

/** The most ids whose names one page asks for. */
const MOST_NAMES = 60;

/**
 * GET /admin/pickers/groups, /apps and /people: what the directory has by a name. A page of its own; for htmx the list alone, as
 * the form's `field` shows it.
 */
export function pick(deps: Deps, picker: Picker): RequestHandler {
  return async (req, res) => {
    const { field, text, cursor } = readQuery(req.query);
    const found = await searchDirectory(deps, picker, { text, ...(cursor !== undefined && { cursor }) });
    const part = req.get('HX-Request') !== undefined;
    res.vary('HX-Request');
    res.render(part ? 'admin/partials/found' : 'admin/picker', { picker, field, text, found, links: !part });
  };
}

/**
 * GET /admin/pickers/names?field=…&id=…&id=…: the names of the object ids in a form's `field`, each to be kept or not. Always a
 * part of a page.
 */
export function showNames(deps: Deps): RequestHandler {
  return async (req, res) => {
    const { field } = readQuery(req.query);
    const ids = textsOf(req.query.id).map((id) => id.toLowerCase());
    if (ids.length > MOST_NAMES || !ids.every(isGuid)) throw malformed();
    const found = await lookUpNames(deps, ids);
    res.render('admin/partials/names', {
      field,
      ids,
      editing: await checkEditing(deps, accessIn(res)),
      ...found,
    });
  };
}

type DirectoryName = { name: string; detail: string | null };

/** Names of people and groups by id; `failed` says why Graph gave none. */
async function lookUpNames(
  deps: Deps,
  ids: string[],
): Promise<{ names: Map<string, DirectoryName> | null; failed: (Found & { ok: false }) | null }> {
  try {
    const signal = pickerSignal();
    const [users, groups] = await Promise.all([
      findPeople(deps.graph, ids, signal),
      findGroups(deps.graph, ids, signal),
    ]);
    const names = new Map<string, DirectoryName>();
    for (const [id, { displayName }] of groups) names.set(id, { name: displayName ?? id, detail: null });
    for (const [id, { displayName, userPrincipalName }] of users) {
      names.set(id, { name: displayName ?? userPrincipalName ?? id, detail: userPrincipalName ?? null });
    }
    return { names, failed: null };
  } catch (error) {
    return { names: null, failed: describeFailure(deps, error) };
  }
}

function readQuery(query: Record<string, unknown>): { field: string; text: string; cursor?: string } {
  const field = query.field === undefined ? 'q' : textOf(query.field);
  if (!/^[a-z]{1,20}$/i.test(field)) throw malformed();
  const text = textOf(query.q ?? query[`${field}Search`]).slice(0, 200);
  const more = query.cursor ?? query[`${field}More`];
  return { field, text, ...(more !== undefined && { cursor: textOf(more) }) };
}
