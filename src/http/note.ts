import type { Request } from 'express';
import { saveSession, type Note } from './session.js';

/** Keeps a note in the session, so that nothing of it stands in an address. */
export async function leaveNote(req: Pick<Request, 'session'>, note: Note): Promise<void> {
  req.session.note = note;
  await saveSession(req);
}

/** The note for this page, which is forgotten with that; null without one. */
export function takeNote({ session, path }: Request): Note | null {
  const { note } = session;
  if (note?.path !== path) return null;
  delete session.note;
  return note;
}
