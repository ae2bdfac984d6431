import type { RequestHandler } from 'express';
import type { Deps } from '../../../deps.js';
import { malformed } from '../../../errors.js';
import { namesOf } from '../../../graph/namesOf.js';
import { find, patience, whyNot, type Picker } from './find.js';
import { textOf, textsOf } from '../form/fields.js';

/** The most ids whose names one page asks for. */
const MOST_NAMES = 60;

/**
 * GET /admin/pickers/groups, /apps and /people: what the directory has by a name. A page for whoever opens it, and for htmx the
 * list alone, as the form's `field` shows it.
 */
export function pick(deps: Deps, picker: Picker): RequestHandler {
  return async (req, res) => {
    const { field, text, cursor } = readQuery(req.query);
    const found = await find(deps, picker, { text, ...(cursor !== undefined && { cursor }) });
    const part = req.get('HX-Request') !== undefined;
    res.vary('HX-Request');
    res.render(part ? 'admin/partials/found' : 'admin/picker', { picker, field, text, found, links: !part });
  };
}

/** GET /admin/pickers/names?id=…&id=…: who stands behind object ids; always a part of a page. */
export function showNames(deps: Deps): RequestHandler {
  return async (req, res) => {
    const ids = textsOf(req.query.id).map((id) => id.toLowerCase());
    if (ids.length > MOST_NAMES || !ids.every((id) => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id)))
      throw malformed();
    let names = new Map<string, string>();
    let failed = null;
    try {
      names = await namesOf(deps.graph, ids, patience());
    } catch (error) {
      failed = whyNot(deps, error, 'User.Read.All');
    }
    res.render('admin/partials/names', { ids, names, failed });
  };
}

function readQuery(query: Record<string, unknown>): { field: string; text: string; cursor?: string } {
  const field = query.field === undefined ? 'q' : textOf(query.field);
  if (!/^[a-z]{1,20}$/i.test(field)) throw malformed();
  const text = textOf(query.q ?? query[`${field}Search`]).slice(0, 200);
  const more = query.cursor ?? query[`${field}More`];
  return { field, text, ...(more !== undefined && { cursor: textOf(more) }) };
}
