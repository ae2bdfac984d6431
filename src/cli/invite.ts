import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { MissingAssets } from '../assets.js';
import { startSealer } from '../audit/seal.js';
import { startProvisioning } from '../background.js';
import { LONGEST_MESSAGE } from '../bulk/message.js';
import { previewSheet } from '../bulk/preview.js';
import { MOST_ROWS } from '../bulk/readSheet.js';
import { actOnRun, findRunOr404, startRun } from '../bulk/runs.js';
import { codeOf } from '../codeOf.js';
import { ConfigError, loadConfig } from '../config.js';
import { openDeps, type Deps } from '../deps.js';
import { PublicError } from '../errors.js';
import { GraphFault } from '../graph/graphFault.js';
import { WORKER_DEFAULTS } from '../jobs/worker.js';
import { createLog } from '../log.js';
import { PolicyError } from '../policyFile/faultTexts.js';
import { inEnglish } from '../language.js';
import { consequencesInWords } from '../licences/inWords.js';
import { costsOf, peopleOfRun } from '../licences/standing.js';
import { isGuid } from '../policy/guid.js';
import { isStoreDown, UnusableStore } from '../store/database.js';
import { countRows, listRows, type RunLine } from '../store/runRows.js';
import { findRun } from '../store/runs.js';
import type { RunChoice, RunData } from '../store/schema.js';
import { createProgressBar, number, type ProgressBar } from './progressBar.js';
import {
  countsOf,
  describeFault,
  failedLine,
  hasFailed,
  printable,
  problemText,
  progressOf,
  refusedLine,
  summaryOf,
} from './runReport.js';
import { EXIT as STORE_EXIT, explain, isStoreThere, UsageError } from './storeCommand.js';

const USAGE = `Usage: npm run invite -- FILE [options]
       npm run invite -- --resume RUN [--json]

Invites the people of a CSV file, as the page /admin/bulk does: the same check of every row, and the same run.

  --dry-run              Says what would happen and which rows are refused, sends nothing, and keeps that as a run to start
                         with --resume.
  --grants policy|file   Whether people get what the policy gives their partner, or the apps and groups that the file
                         names. The policy, unless you say so.
  --partner ID           The partner of people whom no partner lists. Without it they're refused.
  --no-mail              Invites without an email. They can be mailed later, on the run's page.
  --message TEXT         A sentence of your own in the email.
  --resume RUN           Goes on with a run that was paused, starts one that was only previewed, or follows one that runs.
  --json                 Prints one JSON document at the end, and everything else to standard error.

Ctrl-C pauses the run. Needs the same settings as the portal. On PostgreSQL it works beside the portal; with the
embedded store, stop the portal first.

The exit code is 0 if all is done, 1 if rows failed, 2 for wrong usage, wrong settings or a file that can't be read,
69 if the store or Microsoft Graph can't be reached, and 130 after Ctrl-C.`;

const EXIT = { ...STORE_EXIT, failed: 1, usage: 2, interrupted: 130 };

const LOCKED = 'Upload the file on the page /admin/bulk instead, or stop the portal first.';

/** Who brings the file, in the audit trail. */
const BY = 'command';

/** How often the run is looked at. */
const LOOK_MS = 500;
const POLL_MS = 1_000;

type Order = { json: boolean } & (
  { resume: string } | { file: string; choice: RunChoice; dryRun: boolean; resume?: undefined }
);

/** @returns null where somebody asks for help */
function parse(args: string[]): Order | null {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      'dry-run': { type: 'boolean' },
      grants: { type: 'string' },
      partner: { type: 'string' },
      'no-mail': { type: 'boolean' },
      message: { type: 'string' },
      resume: { type: 'string' },
      json: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) return null;
  const { grants = 'policy', partner = null, message = '', resume, json = false } = values;
  if (resume !== undefined) {
    const given = Object.keys(values).filter((name) => name !== 'resume' && name !== 'json');
    if (positionals.length + given.length > 0)
      throw new UsageError('--resume: the run has its choices already');
    if (!isGuid(resume)) throw new UsageError('--resume: must be the ID of a run');
    return { resume, json };
  }
  const [file] = positionals;
  if (file === undefined || positionals.length > 1) throw new UsageError();
  if (grants !== 'policy' && grants !== 'file') throw new UsageError('--grants: must be `policy` or `file`');
  if (message.length > LONGEST_MESSAGE)
    throw new UsageError(`--message: can have ${LONGEST_MESSAGE} characters, not ${message.length}`);
  const choice = { grants, partner, mail: !values['no-mail'], message } satisfies RunChoice;
  return { file, choice, dryRun: values['dry-run'] ?? false, json };
}

/** What ends the command with a sentence. */
class Ended extends Error {
  constructor(
    readonly exitCode: number,
    sentence: string,
  ) {
    super(sentence);
  }
}

async function run(order: Order | null, interrupted: AbortSignal): Promise<number> {
  if (!order) {
    console.log(USAGE);
    return EXIT.ok;
  }
  const config = loadConfig(process.env);
  const bytes = order.resume === undefined ? await readBytes(order.file) : null;
  if (!isStoreThere(config)) return EXIT.unavailable;
  const out = order.json ? process.stderr : process.stdout;
  const bar = createProgressBar(out);
  // Graph asks for another attempt every now and then: that is no news to anybody at a terminal.
  const log = createLog('error', {
    write: (line) => {
      bar.above(() => void process.stderr.write(line));
    },
  });
  const deps = await openDeps(config, log);
  const say = (line: string) => {
    bar.above(() => void out.write(`${line}\n`));
  };
  try {
    return await carryOut({ deps, bar, say, interrupted }, order, bytes);
  } finally {
    bar.end();
    await deps.close();
  }
}

type Session = { deps: Deps; bar: ProgressBar; say: (line: string) => void; interrupted: AbortSignal };

async function carryOut(session: Session, order: Order, bytes: Buffer | null): Promise<number> {
  const { deps, interrupted } = session;
  const id = order.resume ?? (await preview(session, order, bytes ?? Buffer.alloc(0)));
  if (order.resume === undefined && order.dryRun) {
    session.say(`Nothing was sent. To start exactly this: npm run invite -- --resume ${id}`);
    if (order.json) printJson(id, await rowsOf(deps, id));
    return EXIT.ok;
  }
  if (interrupted.aborted) throw new Ended(EXIT.interrupted, 'Nothing was started.');
  await begin(session, id);
  const code = await workAndFollow(session, id);
  if (order.json) printJson(id, await rowsOf(deps, id));
  return code;
}

async function readBytes(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    const why: Record<string, string> = { ENOENT: "there's no such file", EISDIR: "it's a folder" };
    const { message } = error as Error;
    throw new Ended(EXIT.usage, `${file} can't be read: ${why[codeOf(error)] ?? message}`);
  }
}

/** Judges the rows, and says what would become of them. */
async function preview(
  { deps, say }: Session,
  { file, choice }: { file: string; choice: RunChoice },
  bytes: Buffer,
): Promise<string> {
  const { policy } = deps.policy.current();
  if (choice.partner !== null && !policy.partner(choice.partner))
    throw new UsageError(`--partner: the policy has no partner ${choice.partner}`);
  if (choice.partner !== null && policy.document.unlisted !== 'review')
    throw new UsageError('--partner: the policy refuses people whom no partner lists');
  const previewed = await previewSheet(deps, { bytes, name: basename(file), choice, by: BY });
  if (!previewed.ok) throw new Ended(EXIT.usage, describeFault(file, previewed.fault));
  await describePreview({ deps, say }, previewed.runId);
  return previewed.runId;
}

async function describePreview({ deps, say }: Pick<Session, 'deps' | 'say'>, id: string): Promise<void> {
  const { sheet } = await findRunOr404(deps, id);
  const rows = await rowsOf(deps, id);
  say(summaryOf(rows));
  for (const row of rows.filter(({ outcome }) => outcome === 'refused')) say(refusedLine(row));
  const { policy } = deps.policy.current();
  const costs = await costsOf(deps.store.db, policy, await peopleOfRun(deps.store.db, policy, id));
  for (const cost of consequencesInWords(inEnglish(), 'en-GB', costs)) say(cost);
  if (sheet.messagesLeftOut) say(inEnglish()('bulk.messagesLeftOut'));
  if (sheet.ignored.length > 0) say(`Columns that weren't read: ${sheet.ignored.map(printable).join(', ')}`);
  if (sheet.exampleLine !== null)
    say(`Line ${sheet.exampleLine} is the example of the template and was left out.`);
  if (!sheet.directoryAsked)
    say("The directory couldn't be asked about everyone: some may be guests already.");
}

/** Brings a run under way: one that was only previewed, or that waits. */
async function begin({ deps, say }: Session, id: string): Promise<void> {
  const { state } = await findRunOr404(deps, id);
  if (state === 'undoing' || state === 'undone')
    throw new Ended(EXIT.usage, `Run ${id} is undone: see ${pageOf(deps, id)}`);
  if (state === 'preview') {
    const started = await startRun(deps, id, BY);
    if (typeof started === 'object') {
      await describePreview({ deps, say }, id);
      throw new Ended(
        EXIT.failed,
        `${number(started.changed)} rows would now end otherwise than you were told, and nothing was started. ` +
          `To start this: npm run invite -- --resume ${id}`,
      );
    }
  } else if (state === 'paused' || state === 'halted') await act(deps, id, 'resume');
  say(`Run ${id}: ${pageOf(deps, id)}`);
}

/** Does something with a run, unless somebody has been faster. */
async function act(deps: Deps, id: string, action: 'pause' | 'resume'): Promise<void> {
  try {
    await actOnRun(deps, id, action, BY);
  } catch (error) {
    if (!(error instanceof PublicError)) throw error;
  }
}

/** Works on rows, beside the portal if one runs, until the run has ended or waits. */
async function workAndFollow(session: Session, id: string): Promise<number> {
  const { deps, bar, interrupted } = session;
  const worker = startProvisioning(deps, { ...WORKER_DEFAULTS, places: 0, pollMs: POLL_MS });
  const sealer = startSealer({ db: deps.store.db, log: deps.log });
  try {
    await follow(session, id);
    if (interrupted.aborted) await act(deps, id, 'pause');
  } finally {
    await worker.stop();
    await sealer.stop();
    bar.end();
  }
  return describeEnd(session, await findRunOr404(deps, id));
}

const UNDER_WAY: RunData['state'][] = ['running', 'stopping'];

async function follow({ deps, bar, interrupted }: Session, id: string): Promise<void> {
  for (;;) {
    const run = await look(deps, async (db) => {
      bar.show(progressOf(await countRows(db, id)));
      return findRun(db, id);
    });
    if (run && !UNDER_WAY.includes(run.state)) return;
    await sleep(LOOK_MS, undefined, { signal: interrupted }).catch(() => undefined);
    if (interrupted.aborted) return;
  }
}

/** A database that is down for a moment stops no run. */
async function look<T>(
  { store, log }: Deps,
  work: (db: Deps['store']['db']) => Promise<T>,
): Promise<T | null> {
  try {
    return await work(store.db);
  } catch (error) {
    if (!isStoreDown(error)) throw error;
    log.warn({ err: error }, 'the store could not be reached');
    return null;
  }
}

/** Says how the run has ended. @returns the exit code */
async function describeEnd(
  { deps, say, interrupted }: Session,
  { id, state, problem }: RunData,
): Promise<number> {
  const rows = await rowsOf(deps, id);
  const failed = rows.filter(hasFailed);
  const counts = countsOf(rows);
  for (const row of failed) say(failedLine(row));
  say(
    `${number(counts.invited)} invited · ${number(counts.granted)} guests got something new · ` +
      `${number(counts.unchanged)} unchanged · ${number(counts.refused)} refused · ${number(counts.failed)} failed`,
  );
  const goOn = `To go on: npm run invite -- --resume ${id}, or ${pageOf(deps, id)}`;
  const why = problem === null ? '' : `: ${problemText(problem)}`;
  if (state === 'paused') say(`The run is paused. ${goOn}`);
  if (state === 'stopped') say('The run was stopped.');
  if (state === 'halted')
    say(`The portal has halted the run, because Microsoft refuses its rows${why}. ${goOn}`);
  if (state === 'done' && failed.length === 0) return EXIT.ok;
  return state === 'paused' && interrupted.aborted ? EXIT.interrupted : EXIT.failed;
}

function printJson(id: string, rows: readonly RunLine[]): void {
  console.log(JSON.stringify({ run: id, rows: rows.length, ...countsOf(rows) }, null, 2));
}

function rowsOf({ store }: Deps, id: string): Promise<RunLine[]> {
  return listRows(store.db, id, { limit: MOST_ROWS });
}

function pageOf({ config }: Deps, id: string): string {
  return `${config.baseUrl}/admin/runs/${id}`;
}

/** What went wrong, in words for the caller; null for an error of ours. */
function describe(error: unknown): { text: string; code: number } | null {
  if (error instanceof Ended) return { text: error.message, code: error.exitCode };
  if (error instanceof PublicError && error.id === 'notFound')
    return { text: "There's no such run.", code: EXIT.usage };
  if (error instanceof GraphFault)
    return { text: `Microsoft Graph can't be asked: ${error.message}`, code: EXIT.unavailable };
  if (error instanceof ConfigError) return { text: error.message, code: EXIT.usage };
  if ([MissingAssets, PolicyError, UnusableStore].some((kind) => error instanceof kind))
    return { text: (error as Error).message, code: EXIT.unavailable };
  const known = explain(error, { usage: USAGE, locked: LOCKED });
  const isUsage = error instanceof UsageError || codeOf(error).startsWith('ERR_PARSE_ARGS');
  return known && { ...known, code: isUsage ? EXIT.usage : known.code };
}

const interruption = new AbortController();
// A terminal sends it to the whole group of processes, and the parent may pass it on as well.
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    interruption.abort();
  });
}

async function main(): Promise<number> {
  try {
    return await run(parse(process.argv.slice(2)), interruption.signal);
  } catch (error) {
    const described = describe(error);
    if (!described) throw error;
    if (described.text) console.error(described.text);
    return described.code;
  }
}

// A policy file that is watched, or a pool that connects, would keep the process alive.
process.exit(await main());
