import type { RequestHandler } from 'express';
import { personKey } from '../../../access/access.js';
import { findRunOr404 } from '../../../bulk/runs.js';
import type { Deps } from '../../../deps.js';
import { notFound } from '../../../errors.js';
import { sendCsv } from '../../../http/csvDownload.js';
import { accessIn } from '../../../http/guard.js';
import type { Translate } from '../../../language.js';
import { insertAuditEvent } from '../../../store/auditEvents.js';
import { listRows, type RunLine } from '../../../store/runRows.js';
import type { RunChoice } from '../../../store/schema.js';
import { faultyFile } from './faultyFile.js';
import { detailsOf, whyOf } from './rowWords.js';

/** GET /admin/runs/:id/:file: `rows.csv`, every row with its state and reason, or `faulty.csv`, to mend and send again. */
export function downloadRows(deps: Deps): RequestHandler<{ id: string; file: string }> {
  return async (req, res) => {
    const run = await findRunOr404(deps, req.params.id);
    const { file } = req.params;
    if (file !== 'rows.csv' && file !== 'faulty.csv') throw notFound();
    const { t } = res.locals;
    await insertAuditEvent(deps.store.db, {
      actor: personKey(accessIn(res).person),
      action: 'runs.exported',
      detail: { run: run.id, file },
    });
    const lines = await listRows(deps.store.db, run.id, { limit: 100_000 });
    if (file === 'faulty.csv') {
      const { header, rows } = faultyFile(lines.filter(({ state }) => state === 'refused'));
      await sendCsv(
        res,
        'faulty',
        [...header, t('bulk.column.why')],
        withReasons(rows, (line) => whyOf(t, line)),
      );
      return;
    }
    const columns = columnsOf(t, run.choice, (id) => deps.policy.current().policy.partnerName(id));
    async function* records() {
      for (const line of lines) yield await Promise.resolve(columns.map(({ value }) => value(line)));
    }
    await sendCsv(
      res,
      'rows',
      columns.map(({ header }) => header),
      records(),
    );
  };
}

async function* withReasons(rows: { cells: string[]; line: RunLine }[], why: (line: RunLine) => string) {
  for (const { cells, line } of rows) yield await Promise.resolve([...cells, why(line)]);
}

function columnsOf(t: Translate, choice: RunChoice, partnerName: (id: string | null) => string | null) {
  const columns: [string, (line: RunLine) => string | number | null][] = [
    ['line', ({ line }) => line],
    ['address', ({ address, typed }) => address ?? typed.email],
    ['details', (line) => detailsOf(t, line, choice).join('; ')],
    ['state', ({ state }) => t(`bulk.state.${state}`)],
    ['why', (line) => whyOf(t, line)],
    ['partner', ({ verdict }) => partnerName(verdict.partner ?? null)],
    ['rule', ({ verdict }) => verdict.rule ?? null],
    ['grants', ({ verdict }) => verdict.grants?.join('; ') ?? null],
    ['guest', ({ guest_id }) => guest_id],
    ['request', ({ request_id }) => request_id],
    ['undone', ({ undone }) => (undone ? undone.removed.join('; ') : null)],
    [
      'kept',
      ({ undone }) =>
        undone ? [...undone.kept.map(({ name }) => name), ...(undone.unsure ?? [])].join('; ') : null,
    ],
    ['account', ({ undone }) => (undone?.guest ? t(`bulk.account.${undone.guest}`) : null)],
  ];
  return columns.map(([name, value]) => ({ header: t(`bulk.column.${name}`), value }));
}
