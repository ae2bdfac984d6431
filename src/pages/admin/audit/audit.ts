import type { RequestHandler, Response } from 'express';
import { formatHead, parseHead } from '../../../audit/chain.js';
import { rowOf, TRAIL_COLUMNS } from '../../../audit/exportTrail.js';
import {
  browseTrail,
  checkTrail,
  readableDetail,
  exportTrail,
  type TrailPage,
} from '../../../audit/trail.js';
import type { Verification } from '../../../audit/verify.js';
import type { Deps } from '../../../deps.js';
import { malformed } from '../../../errors.js';
import { sendCsv } from '../../../http/csvDownload.js';
import { accessIn } from '../../../http/guard.js';
import type { SealedRecord } from '../../../store/auditEvents.js';
import { ACTION_GROUPS, auditAddress, readAuditQuery } from './auditQuery.js';

const AUDIT_PATH = '/admin/audit';
const NOTHING: TrailPage = { events: [], next: null, actors: [], names: new Map() };

/** GET /admin/audit */
export function showAudit(deps: Deps): RequestHandler {
  return async (req, res) => {
    const { query, filter, faults } = readAuditQuery(req.query);
    const page = faults.length > 0 ? NOTHING : await browseTrail(deps, filter, query.after ?? null);
    res.status(faults.length > 0 ? 422 : 200).render('admin/audit', {
      query,
      faults,
      groups: ACTION_GROUPS,
      filtered: Object.keys(filter).length > 0,
      ...page,
      // The chosen one stays on the list, also when nothing of it was found.
      actors: [...new Set([...page.actors, ...(query.actor ? [query.actor] : [])])],
      events: page.events.map(toView),
      mayOpenRequests: accessIn(res).reads === 'all',
      addressOf: (changes: object) => auditAddress(AUDIT_PATH, query, changes),
      csvAddress: auditAddress(`${AUDIT_PATH}.csv`, query),
    });
  };
}

function toView(event: SealedRecord) {
  return { ...event, at: new Date(event.at), detail: readableDetail(event.detail) };
}

/** GET /admin/audit.csv */
export function exportAudit(deps: Deps): RequestHandler {
  return async (req, res) => {
    const { filter, faults } = readAuditQuery(req.query);
    if (faults.length > 0) throw malformed(422);
    await sendCsv(res, 'audit', TRAIL_COLUMNS, rows(exportTrail(deps, accessIn(res), filter)));
  };
}

async function* rows(events: AsyncIterable<SealedRecord>): AsyncGenerator<(string | number | null)[]> {
  for await (const event of events) yield rowOf(event);
}

/** POST /admin/audit/verify */
export function verifyTrail(deps: Deps): RequestHandler {
  return async (req, res) => {
    const { head = '' } = req.body as { head?: unknown };
    if (typeof head !== 'string') throw malformed();
    const noted = parseHead(head);
    if (head.trim() !== '' && !noted) {
      showVerification(res.status(422), head, null);
      return;
    }
    showVerification(res, head, await checkTrail(deps, accessIn(res), noted));
  };
}

/** @param verification null when what was typed is no head */
function showVerification(res: Response, noted: string, verification: Verification | null): void {
  const head = verification?.head && formatHead(verification.head);
  res.render('admin/auditVerification', { noted: noted.trim(), verification, head });
}
