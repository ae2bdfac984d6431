import { setTimeout as sleep } from 'node:timers/promises';
import { startPortal } from './support/portal.js';
import { benchServer, startServer, type ServerProcess } from './support/processes.js';
import { createStore, storeKinds, type StoreKind } from './support/stores.js';
import { median } from './support/numbers.js';
import { figure, type Row } from './report.js';
import { sized } from './support/sized.js';

const STARTS = sized(3, 1);
const REST_MS = sized(5_000, 100);
const TARGET_MB = 200;
const TARGET_READY_MS = 700;

type Rest = { readyMs: number; megabytes: number };

/** Memory without load, and how long a start takes, on each kind of store; bare is Express with the same driver. */
export async function benchAtRest(): Promise<Row[]> {
  const rows: Row[] = [];
  for (const kind of storeKinds) rows.push(...(await compare(kind)));
  return rows;
}

async function compare(kind: StoreKind): Promise<Row[]> {
  const [portalStore, bareStore] = [await createStore(kind), await createStore(kind)];
  const rounds: { portal: Rest; bare: Rest }[] = [];
  for (let count = 0; count < STARTS; count++) {
    rounds.push({
      bare: await rest(await startServer(benchServer('bareSignUp'), bareStore.env)),
      portal: await rest(await startPortal(portalStore)),
    });
  }
  await Promise.all([portalStore.remove(), bareStore.remove()]);
  const megabytes = compareBy(rounds, (one) => one.megabytes);
  const readyMs = compareBy(rounds, (one) => one.readyMs);
  return [
    {
      what: `Memory at rest, ${kind}`,
      portal: figure(megabytes.portal, 'MB'),
      bare: figure(megabytes.bare, 'MB'),
      ratio: megabytes.ratio,
      // The embedded store is a whole PostgreSQL inside the process, so it has no target.
      ...(kind === 'PostgreSQL' && { target: `< ${TARGET_MB} MB`, met: megabytes.portal < TARGET_MB }),
    },
    {
      what: `Start to ready, ${kind}`,
      portal: figure(readyMs.portal, 'ms'),
      bare: figure(readyMs.bare, 'ms'),
      ratio: readyMs.ratio,
      ...(kind === 'PostgreSQL' && {
        target: `< ${TARGET_READY_MS} ms`,
        met: readyMs.portal < TARGET_READY_MS,
      }),
    },
  ];
}

async function rest(server: ServerProcess): Promise<Rest> {
  await sleep(REST_MS);
  const megabytes = await server.residentMb();
  await server.stop();
  return { readyMs: server.readyMs, megabytes };
}

function compareBy(rounds: { portal: Rest; bare: Rest }[], of: (one: Rest) => number) {
  return {
    portal: median(rounds.map(({ portal }) => of(portal))),
    bare: median(rounds.map(({ bare }) => of(bare))),
    ratio: median(rounds.map(({ portal, bare }) => of(portal) / of(bare))),
  };
}
