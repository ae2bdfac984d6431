import type { Request, Response } from 'express';
import type { Deps } from '../../../deps.js';
import { accessIn } from '../../../http/guard.js';
import { takeNote } from '../../../http/note.js';
import { findNextPending } from '../../../store/nextPending.js';

/** What was just done, and the way to what waits next; `views/partials/flash.ejs` shows it. */
export type Flash = { text: string; link: { href: string; text: string } | null };

/** After these, people go on with the next request. */
const DECISIONS = new Set(['approve', 'deny', 'hold']);

/**
 * What this page has to say about what the person has just done; null when there is nothing.
 *
 * @param after the id of the request that was decided: the next is the one that came after it
 */
export async function flashFor(
  deps: Deps,
  req: Request,
  res: Response,
  after: string | null = null,
): Promise<Flash | null> {
  const note = takeNote(req);
  if (!note) return null;
  const { t } = res.locals;
  const text = t(`request.done.${note.name}`, { count: note.count });
  if (!DECISIONS.has(note.name)) return { text, link: null };
  const { decides, person } = accessIn(res);
  const next = await findNextPending(deps.store.db, decides, person.addresses, after);
  if (!next) return { text: `${text} ${t('request.done.last')}`, link: null };
  const link = { href: `/admin/requests/${next.id}`, text: t('request.done.next', { left: next.waiting }) };
  return { text, link };
}
