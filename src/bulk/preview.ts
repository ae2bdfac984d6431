import { randomUUID } from 'node:crypto';
import type { Deps } from '../deps.js';
import { chooseLanguage } from '../language.js';
import type { Policy } from '../policy/policy.js';
import { findOpenOf } from '../store/runRequests.js';
import { insertRun, type JudgedRow } from '../store/runs.js';
import type { Found, RunChoice, SheetRow } from '../store/schema.js';
import { askDirectory } from './askDirectory.js';
import { canonicalOf, judgeRow, type Circumstances, type Judged } from './judge.js';
import { hasForeignLink } from './message.js';
import { findOwnGrants, NO_OWN_GRANTS } from './ownGrants.js';
import { readSheet } from './readSheet.js';
import type { SheetFault } from './sheetText.js';

/** A file to invite people from, and who brings it: `tid/oid`, or `command`. */
export type Upload = { bytes: Buffer; name: string; choice: RunChoice; by: string };

export type Preview = { ok: true; runId: string } | { ok: false; fault: SheetFault };

/** For the groups and apps that a file names itself. */
const LONGEST_MS = 20_000;

/**
 * Says what a file would do, row by row, and keeps that for the person who starts it. Nothing is changed in the directory.
 *
 * @throws {GraphFault} when the file names groups or apps of its own and Graph does not answer
 */
export async function previewSheet(deps: Deps, { bytes, name, choice, by }: Upload): Promise<Preview> {
  if (hasForeignLink(choice.message, hostsOf(deps.policy.current().policy)))
    return { ok: false, fault: { code: 'messageLink' } };
  const read = readSheet(bytes);
  if (!read.ok) return read;
  const { rows, ignored, exampleLine } = read.sheet;
  const circumstances = await circumstancesOf(deps, choice, rows);
  const wanted = judgeAll(circumstances, rows, []).flatMap(({ order }) => order ?? []);
  const directory = await askDirectory(deps.graph, wanted);
  const founds = rows.map((row) => directory.found.get(canonicalOf(row) ?? '') ?? null);
  const judged = judgeAll(circumstances, rows, founds);
  const run = {
    id: randomUUID(),
    name,
    choice,
    by,
    sheet: {
      ignored,
      exampleLine,
      directoryAsked: directory.asked,
      messagesLeftOut:
        deps.mailer === null && judged.some(({ order }) => order?.bulk.mail && order.bulk.message),
    },
    policyHash: deps.policy.current().hash,
  };
  await deps.store.db.transaction().execute((trx) => insertRun(trx, run, toRows(rows, founds, judged)));
  return { ok: true, runId: run.id };
}

/** What rows are judged by now. @throws {GraphFault} */
export async function circumstancesOf(
  deps: Pick<Deps, 'graph' | 'policy' | 'store' | 'languages'>,
  choice: RunChoice,
  rows: readonly SheetRow[],
): Promise<Circumstances> {
  const { policy } = deps.policy.current();
  const signal = AbortSignal.timeout(LONGEST_MS);
  const addresses = rows.flatMap((row) => canonicalOf(row) ?? []);
  return {
    policy,
    choice,
    hosts: hostsOf(policy),
    own: choice.grants === 'file' ? await findOwnGrants(deps, rows, signal) : NO_OWN_GRANTS,
    open: await findOpenOf(deps.store.db, addresses),
    languageOf: remembered((tag) => chooseLanguage([tag], deps.languages.available, null)?.language ?? null),
  };
}

/** Two thousand rows ask for the same few languages. */
function remembered<T>(find: (text: string) => T): (text: string) => T {
  const known = new Map<string, { found: T }>();
  return (text) => {
    const entry = known.get(text) ?? { found: find(text) };
    known.set(text, entry);
    return entry.found;
  };
}

/** Judges rows in the order of the file: of several with one address, the first counts. */
export function judgeAll(
  circumstances: Circumstances,
  rows: readonly SheetRow[],
  founds: readonly (Found | null)[],
): Judged[] {
  const earlier = new Map<string, number>();
  return rows.map((row, index) => {
    const judged = judgeRow(circumstances, row, founds[index] ?? null, earlier);
    const address = canonicalOf(row);
    // A row that is refused does not stand in the way of another one.
    if (address !== null && judged.outcome !== 'refused' && !earlier.has(address))
      earlier.set(address, row.line);
    return judged;
  });
}

export function toRows(
  rows: readonly SheetRow[],
  founds: readonly (Found | null)[],
  judged: readonly Judged[],
): JudgedRow[] {
  return rows.map((typed, position) => {
    const { outcome, verdict } = judged[position] ?? { outcome: 'refused', verdict: {} };
    return {
      position,
      line: typed.line,
      address: canonicalOf(typed),
      typed,
      found: founds[position] ?? null,
      outcome,
      verdict,
    };
  });
}

/** Where a file may lead guests after they accept. */
function hostsOf({ document }: Policy): Set<string> {
  const urls = [
    ...Object.values(document.apps).map(({ url }) => url),
    ...document.partners.map(({ invitation }) => invitation.redirectUrl),
  ];
  const hosts = urls.map((url) => new URL(url).host);
  return new Set([...hosts, ...document.redirectHosts].map((host) => host.toLowerCase()));
}
