import { randomUUID } from 'node:crypto';
import type { Deps } from '../deps.js';
import { conflict, notFound } from '../errors.js';
import { isGuid } from '../policy/guid.js';
import { insertAuditEvent } from '../store/auditEvents.js';
import { countNotMailed, queueRunMails } from '../store/runMails.js';
import { changeRun, findRun, lockRun, replaceVerdicts, RUN_EVENTS, setStarter } from '../store/runs.js';
import { countRows, findRows } from '../store/runRows.js';
import { insertRunRequests, markOpen, requeueFailed, type RunRequest } from '../store/runRequests.js';
import { countKept, queueUndo } from '../store/runUndo.js';
import type { Db, RunData, RunRowData, RunState } from '../store/schema.js';
import { RESEND_POSITION } from '../requests/resend/resend.js';
import { drawToken, hashToken } from '../token.js';
import type { Judged } from './judge.js';
import { circumstancesOf, judgeAll, toRows } from './preview.js';

/** What people do with a run; `mail` sends the invitations that nobody has mailed yet. */
export const RUN_ACTIONS = ['pause', 'resume', 'stop', 'retry', 'mail', 'undo'] as const;
export type RunAction = (typeof RUN_ACTIONS)[number];

/** How long after its start a run can be undone. */
const UNDO_DAYS = 30;

/** @throws {PublicError} `notFound` */
export async function findRunOr404({ store }: Pick<Deps, 'store'>, id: string): Promise<RunData> {
  const run = isGuid(id) ? await findRun(store.db, id) : undefined;
  if (!run) throw notFound();
  return run;
}

/** `changed`: rows are judged otherwise by now, and nothing was started. `started`: somebody was faster. */
export type Started = 'started' | 'already' | { changed: number };

/**
 * Starts a run: exactly what its preview says, or nothing. Rows are judged once more, by the policy in force and what the directory
 * said then; if any comes out otherwise, the preview is replaced.
 *
 * @param by `tid/oid` of an admin, or `command`: their approval stands for that of an approver and for a proof
 * @throws {GraphFault} when the file names groups or apps of its own and Graph does not answer
 */
export async function startRun(deps: Deps, id: string, by: string): Promise<Started> {
  const { db } = deps.store;
  const run = await findRunOr404(deps, id);
  const rows = await findRows(db, id);
  const [typed, founds] = [rows.map((row) => row.typed), rows.map(({ found }) => found)];
  const { hash } = deps.policy.current();
  const judged = judgeAll(await circumstancesOf(deps, run.choice, typed), typed, founds);
  const changed = rows.filter((row, index) => differs(row, judged[index])).length;
  const started = await db.transaction().execute(async (trx): Promise<Started> => {
    const now = await lockRun(trx, id);
    if (now?.state !== 'preview') return 'already';
    if (changed > 0) {
      const marked = judged.map((one, index) =>
        differs(rows[index], one) ? { ...one, verdict: { ...one.verdict, changed: true } } : one,
      );
      await replaceVerdicts(trx, id, hash, toRows(typed, founds, marked));
      return { changed };
    }
    await setStarter(trx, id, by, hash);
    await changeRun(trx, id, ['preview'], 'running');
    const requests = requestsOf(judged, by);
    const made = await insertRunRequests(trx, { id, by, policyHash: hash }, requests);
    await markOpen(
      trx,
      id,
      requests.filter((request) => !made.has(request.id)).map(({ position }) => position),
    );
    await insertAuditEvent(trx, {
      actor: by,
      action: RUN_EVENTS.running,
      detail: { run: id, rows: rows.length, requests: made.size },
    });
    return 'started';
  });
  deps.bell.announce();
  deps.log.info({ run: id, by, started }, 'a run was to be started');
  return started;
}

/** Whether a row would have another outcome or other grants than its preview says. */
function differs(row: RunRowData | undefined, judged: Judged | undefined): boolean {
  const say = ({ outcome, verdict: { reason, partner, targets } }: Pick<Judged, 'outcome' | 'verdict'>) =>
    JSON.stringify([outcome, reason ?? null, partner ?? null, targets ?? []]);
  return !row || !judged || say(row) !== say(judged);
}

function requestsOf(judged: readonly Judged[], by: string): RunRequest[] {
  const at = new Date().toISOString();
  return judged.flatMap(({ order }, position) => {
    if (!order) return [];
    const { address, firstName, lastName, company, language, decision, review, bulk } = order;
    return {
      id: randomUUID(),
      position,
      tokenHash: hashToken(drawToken()).toString('hex'),
      address: address.canonical,
      firstName,
      lastName,
      company,
      language,
      partner: decision.partner,
      decision,
      review: { outcome: 'approved' as const, by, at, ...review },
      bulk,
    };
  });
}

const FROM: Record<Exclude<RunAction, 'mail' | 'retry'>, { from: RunState[]; to: RunState }> = {
  pause: { from: ['running'], to: 'paused' },
  resume: { from: ['paused', 'halted'], to: 'running' },
  stop: { from: ['running', 'paused', 'halted'], to: 'stopping' },
  undo: { from: ['done', 'stopped', 'undone'], to: 'undoing' },
};

/** What there is left to do in a run. `kept` are rows of which something could not be taken back. */
export type Leftovers = { failed: number; notMailed: number; kept: number };

/** What may be done with a run now. */
export function actionsFor({ state, started_at }: RunData, left: Leftovers): RunAction[] {
  const ended = state === 'done' || state === 'stopped';
  const young = started_at !== null && Date.now() - started_at.getTime() < UNDO_DAYS * 86_400_000;
  return RUN_ACTIONS.filter((action) => {
    if (action === 'retry') return ended && left.failed > 0;
    if (action === 'mail') return ended && left.notMailed > 0;
    if (action === 'undo') return young && (ended || (state === 'undone' && left.kept > 0));
    return FROM[action].from.includes(state);
  });
}

/**
 * Does something with a run.
 *
 * @throws {PublicError} `conflict` when it is in another state by now
 */
export async function actOnRun(deps: Deps, id: string, action: RunAction, by: string): Promise<void> {
  const run = await findRunOr404(deps, id);
  const allowed = actionsFor(run, await leftoversOf(deps.store.db, id));
  if (!allowed.includes(action)) throw conflict();
  const done = await deps.store.db.transaction().execute((trx) => carryOut(deps, trx, run, { action, by }));
  if (!done) throw conflict();
  deps.bell.announce();
  deps.log.info({ run: id, action, by }, 'a run was changed');
}

export async function leftoversOf(db: Db, id: string): Promise<Leftovers> {
  const counts = await countRows(db, id);
  const failed = (counts.get('failed') ?? 0) + (counts.get('held') ?? 0);
  return { failed, notMailed: await countNotMailed(db, id), kept: await countKept(db, id) };
}

async function carryOut(
  { limits }: Deps,
  trx: Db,
  { id, state }: RunData,
  { action, by }: { action: RunAction; by: string },
): Promise<boolean> {
  if (action === 'mail') return mailAll(trx, id, { by, perMinute: limits.bulk.mailsPerMinute });
  const { from, to } =
    action === 'retry' ? { from: ['done', 'stopped'] as RunState[], to: 'running' as const } : FROM[action];
  if (!(await changeRun(trx, id, from, to))) return false;
  // The rows that halted a run failed for a reason that has gone.
  const retries = action === 'retry' || (action === 'resume' && state === 'halted');
  const count = retries
    ? await requeueFailed(trx, id, by)
    : action === 'undo'
      ? await queueUndo(trx, id)
      : null;
  await insertAuditEvent(trx, {
    actor: by,
    action: EVENTS[action],
    detail: { run: id, ...(count !== null && { requests: count }) },
  });
  return true;
}

const EVENTS = {
  pause: 'run.paused',
  resume: 'run.resumed',
  stop: 'run.stopped',
  retry: 'run.retried',
  undo: 'run.undone',
} as const;

/** Mails the guests of a run that was to mail nobody, or not them. */
async function mailAll(
  trx: Db,
  id: string,
  { by, perMinute }: { by: string; perMinute: number },
): Promise<boolean> {
  const requests = await queueRunMails(trx, id, { perMinute, position: RESEND_POSITION });
  await insertAuditEvent(trx, { actor: by, action: 'run.mailed', detail: { run: id, requests } });
  return true;
}
