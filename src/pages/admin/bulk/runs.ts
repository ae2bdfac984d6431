import type { RequestHandler, Response } from 'express';
import { personKey } from '../../../access/access.js';
import {
  actOnRun,
  actionsFor,
  findRunOr404,
  leftoversOf,
  RUN_ACTIONS,
  startRun,
} from '../../../bulk/runs.js';
import { mayDeleteGuests } from '../../../bulk/mayDelete.js';
import { shortened } from '../../../bulk/judge.js';
import type { Deps } from '../../../deps.js';
import { notFound, PublicError, unavailable } from '../../../errors.js';
import { GraphFault } from '../../../graph/graphFault.js';
import { accessIn } from '../../../http/guard.js';
import { leaveNote, takeNote } from '../../../http/note.js';
import { costsOf, peopleOfRun } from '../../../licences/standing.js';
import { consequencesInWords } from '../../../licences/inWords.js';
import { namesOf } from '../../../store/persons.js';
import { countRows, countWithoutMail, findChangedLines, listRows } from '../../../store/runRows.js';
import { countUndo } from '../../../store/runUndo.js';
import { listRuns } from '../../../store/runs.js';
import type { RunData } from '../../../store/schema.js';
import { mailSample } from './mailSample.js';
import { detailsOf, whyOf } from './rowWords.js';
import { isUnderWay, progressOf, shareOf, TABS } from './progress.js';

const RUNS = '/admin/runs';
const PAGE_LENGTH = 50;
const MOST_RUNS = 200;
const CHANGED_SHOWN = 20;

/** GET /admin/runs */
export function showRuns(deps: Deps): RequestHandler {
  return async (_req, res) => {
    const { db } = deps.store;
    const runs = await listRuns(db, MOST_RUNS);
    const names = await namesOf(db, [...new Set(runs.map(({ created_by }) => created_by))]);
    res.render('admin/runs', { runs, nameOfStarter: (by: string) => names.get(by) ?? by });
  };
}

/** GET /admin/runs/:id: a preview, or how far a run is, with its rows. */
export function showRun(deps: Deps): RequestHandler<{ id: string }> {
  return async (req, res) => {
    const run = await findRunOr404(deps, req.params.id);
    const { tab: wanted, after: from } = req.query;
    const after = typeof from === 'string' && /^\d{1,6}$/.test(from) ? Number(from) : -1;
    const tab = Object.keys(TABS).find((one) => one === wanted) ?? 'all';
    const note = takeNote(req);
    await render(deps, res, run, { tab, after, note });
  };
}

type Shown = { tab: string; after: number; note: { name: string; count: number } | null };

async function render(deps: Deps, res: Response, run: RunData, { tab, after, note }: Shown): Promise<void> {
  const { db } = deps.store;
  const { t } = res.locals;
  const { policy } = deps.policy.current();
  const counts = await countRows(db, run.id);
  const rows = await listRows(db, run.id, { states: TABS[tab] ?? [], after, limit: PAGE_LENGTH + 1 });
  const shown = rows.slice(0, PAGE_LENGTH);
  const left = await leftoversOf(db, run.id);
  const names = await namesOf(db, [run.created_by]);
  const mayRun = accessIn(res).rights.has('bulk.run');
  res.render('admin/run', {
    run,
    ...(await progressOf(db, run, counts)),
    tabs: Object.keys(TABS)
      .map((name) => ({ name, count: shareOf(counts, TABS[name] ?? []), current: name === tab }))
      .filter(({ name, count, current }) => count > 0 || current || name === 'all'),
    tab,
    lines: shown.map((row) => ({
      ...row,
      why: whyOf(t, row),
      details: detailsOf(t, row, run.choice),
      shown: row.address ?? shortened(row.typed.email),
      nameOfPartner: policy.partnerName(row.verdict.partner ?? null),
    })),
    next: rows.length > PAGE_LENGTH ? (shown.at(-1)?.position ?? null) : null,
    starter: names.get(run.created_by) ?? run.created_by,
    actions: mayRun ? actionsFor(run, left) : [],
    left,
    changedLines: note?.name === 'changed' ? await findChangedLines(db, run.id, CHANGED_SHOWN) : [],
    withoutMail: run.state === 'preview' && run.choice.mail ? await countWithoutMail(db, run.id) : 0,
    mayRun,
    note,
    costs: run.state === 'preview' ? await costsOfRun(deps, res, run.id) : [],
    mail: run.state === 'preview' && mayRun ? await mailSample(deps, run) : null,
  });
}

/** What the people of a preview cost. */
async function costsOfRun(deps: Deps, res: Response, id: string): Promise<string[]> {
  const { db } = deps.store;
  const { policy } = deps.policy.current();
  const { t, locale } = res.locals;
  const costs = await costsOf(db, policy, await peopleOfRun(db, policy, id));
  return consequencesInWords(t, locale, costs);
}

/** GET /admin/runs/:id/progress: the part of the page that changes. */
export function showProgress(deps: Deps): RequestHandler<{ id: string }> {
  return async (req, res) => {
    const run = await findRunOr404(deps, req.params.id);
    if (!req.get('HX-Request')) {
      res.redirect(303, `${RUNS}/${run.id}`);
      return;
    }
    // What people can do, and the rows, are other ones when it has ended.
    if (!isUnderWay(run)) res.set('HX-Refresh', 'true');
    const counts = await countRows(deps.store.db, run.id);
    res.render('admin/run/progress', { run, ...(await progressOf(deps.store.db, run, counts)) });
  };
}

/** POST /admin/runs/:id/start */
export function start(deps: Deps): RequestHandler<{ id: string }> {
  return async (req, res) => {
    const { id } = await findRunOr404(deps, req.params.id);
    const path = `${RUNS}/${id}`;
    const started = await startRun(deps, id, personKey(accessIn(res).person)).catch((error: unknown) => {
      throw error instanceof GraphFault ? unavailable() : error;
    });
    if (typeof started === 'object') await leaveNote(req, { path, name: 'changed', count: started.changed });
    else await leaveNote(req, { path, name: started, count: 1 });
    res.redirect(303, path);
  };
}

/** GET /admin/runs/:id/undo: asks, with the numbers. */
export function confirmUndo(deps: Deps): RequestHandler<{ id: string }> {
  return async (req, res) => {
    const { db } = deps.store;
    const run = await findRunOr404(deps, req.params.id);
    if (!actionsFor(run, await leftoversOf(db, run.id)).includes('undo')) {
      res.redirect(303, `${RUNS}/${run.id}`);
      return;
    }
    const mayDelete = await mayDeleteGuests(deps.graph, AbortSignal.timeout(10_000)).catch(
      (error: unknown) => {
        if (error instanceof GraphFault) return false;
        throw error;
      },
    );
    res.render('admin/runUndo', { run, ...(await countUndo(db, run.id)), mayDelete });
  };
}

/** POST /admin/runs/:id/:action */
export function changeRunByButton(deps: Deps): RequestHandler<{ id: string; action: string }> {
  return async (req, res) => {
    const action = RUN_ACTIONS.find((one) => one === req.params.action);
    if (!action) throw notFound();
    const { id } = await findRunOr404(deps, req.params.id);
    const path = `${RUNS}/${id}`;
    const name = await actOnRun(deps, id, action, personKey(accessIn(res).person)).then(
      () => action,
      (error: unknown) => {
        // It has ended since, or somebody was faster: the page shows how it is now.
        if (error instanceof PublicError && error.id === 'conflict') return 'late';
        throw error;
      },
    );
    await leaveNote(req, { path, name, count: 1 });
    res.redirect(303, path);
  };
}
