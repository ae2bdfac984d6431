import { previewSheet } from '../../src/bulk/preview.js';
import { actOnRun, startRun, type RunAction } from '../../src/bulk/runs.js';
import { changeRun, findRun } from '../../src/store/runs.js';
import { countRows, listRows, type RowState, type RunLine } from '../../src/store/runRows.js';
import type { RunChoice, RunState } from '../../src/store/schema.js';
import type { TestPortal } from './portal.js';
import { waitFor } from './waitFor.js';

export const CHOICE: RunChoice = { grants: 'policy', partner: null, mail: true, message: '' };
export const BY = '10000000-0000-4000-8000-000000000000/11111111-0000-4000-8000-000000000001';

/** Previews a file. @returns the id of its run */
export async function previewOf(
  portal: TestPortal,
  text: string,
  choice: Partial<RunChoice> = {},
): Promise<string> {
  const upload = { bytes: Buffer.from(text), name: 'people.csv', choice: { ...CHOICE, ...choice }, by: BY };
  const preview = await previewSheet(portal.deps, upload);
  if (!preview.ok) throw new Error(`The file cannot be read: ${preview.fault.code}`);
  return preview.runId;
}

/** Starts a run, and waits until it has ended. */
export async function runThrough(portal: TestPortal, id: string): Promise<void> {
  const started = await startRun(portal.deps, id, BY);
  if (started !== 'started') throw new Error(`Not started: ${JSON.stringify(started)}`);
  await untilRun(portal, id, 'done');
}

export async function untilRun(portal: TestPortal, id: string, state: RunState): Promise<void> {
  await waitFor(
    `the run to be ${state}`,
    async () => (await findRun(portal.deps.store.db, id))?.state === state,
    60_000,
  );
}

export async function act(portal: TestPortal, id: string, action: RunAction): Promise<void> {
  await actOnRun(portal.deps, id, action, BY);
}

export function rowsOf(portal: TestPortal, id: string): Promise<RunLine[]> {
  return listRows(portal.deps.store.db, id, { limit: 5_000 });
}

/** How many rows are in each state. */
export async function countsOf(portal: TestPortal, id: string): Promise<Partial<Record<RowState, number>>> {
  return Object.fromEntries(await countRows(portal.deps.store.db, id));
}

/** Has a run halted, as a block of all invitations does, before anybody is invited. */
export async function haltRun(portal: TestPortal, id: string): Promise<void> {
  await changeRun(portal.deps.store.db, id, ['preview'], 'running');
  await changeRun(portal.deps.store.db, id, ['running'], 'halted', {
    problem: {
      code: 'invitationsBlocked',
      detail: '403 Forbidden Invitations are blocked for this directory.',
    },
  });
}

/** Has a run end that had nothing left to do. */
export async function endRun(portal: TestPortal, id: string): Promise<void> {
  await changeRun(portal.deps.store.db, id, ['preview'], 'running');
  await changeRun(portal.deps.store.db, id, ['running'], 'done');
}
