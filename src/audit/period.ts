import type { AuditFilter } from '../store/auditEvents.js';

const DAY = /^\d{4}-\d{2}-\d{2}$/;
const MOMENT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?Z?$/;

/** Reads days, both included, or moments, in UTC; null when one is neither. A blank means no limit on that side. */
export function parsePeriod(from = '', to = ''): Pick<AuditFilter, 'from' | 'before'> | null {
  const begin = momentOf(from, 0);
  const end = momentOf(to, 1);
  if (begin === null || end === null) return null;
  return { ...(begin && { from: begin }), ...(end && { before: end }) };
}

/** A moment as PostgreSQL reads it, a day plus `days`; undefined for a blank, null when it is neither day nor moment. */
function momentOf(text: string, days: number): string | undefined | null {
  if (text === '') return undefined;
  const isDay = DAY.test(text);
  if (!isDay && !MOMENT.test(text)) return null;
  // PostgreSQL and JavaScript write years of more than four digits differently.
  if (text < '1970' || text >= '3000') return null;
  const date = new Date(isDay || text.endsWith('Z') ? text : `${text}Z`);
  // JavaScript alone would turn the 31st of April into the 1st of May.
  if (Number.isNaN(date.getTime()) || date.toISOString().slice(0, 10) !== text.slice(0, 10)) return null;
  if (!isDay) return text.endsWith('Z') ? text : `${text}Z`;
  date.setUTCDate(date.getUTCDate() + days);
  return date.toISOString();
}
