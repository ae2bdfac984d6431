import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import autocannon from 'autocannon';
import { aPolicy } from '../test/support/aPolicy.js';
import { figure, type Row } from './report.js';
import { median } from './support/numbers.js';
import { clientOf, startPortal } from './support/portal.js';
import { sized } from './support/sized.js';
import { createStore } from './support/stores.js';

const ROUNDS = sized(7, 1);
const FORMS = sized(60, 5);
const BETWEEN_MS = 20;
const CONNECTIONS = 20;
/** About as much as an admin may write. */
const TERMS_BYTES = 57_000;
const TARGET = 2;
const TERMS_FILE = 'terms.md';

const policy = aPolicy({
  portal: { organization: 'Contoso', contact: 'partners@contoso.com', terms: TERMS_FILE },
});

/** How long others wait for the form while one client asks for the dearest public page over many connections. */
export async function benchOneClient(): Promise<Row[]> {
  const store = await createStore('embedded');
  await writeFile(join(store.env.DATA_DIR, TERMS_FILE), terms());
  const portal = await startPortal(store, { policy: JSON.stringify(policy) });
  const rows: Row[] = [];
  for (const path of ['/terms', '/']) rows.push(await compare(portal.url, path));
  await portal.stop();
  await store.remove();
  return rows;
}

async function compare(url: string, path: string): Promise<Row> {
  await formTimes(url); // warms up
  const rounds: { quiet: number; beside: number }[] = [];
  for (let count = 0; count < ROUNDS; count++) {
    const quiet = median(await formTimes(url));
    const client = startClient(`${url}${path}`);
    rounds.push({ quiet, beside: median(await formTimes(url)) });
    await client.stop();
  }
  const ratio = median(rounds.map(({ quiet, beside }) => beside / quiet));
  return {
    what: `The form while one client asks for \`${path}\` over ${CONNECTIONS} connections`,
    portal: figure(median(rounds.map(({ beside }) => beside)), 'ms'),
    bare: `${figure(median(rounds.map(({ quiet }) => quiet)), 'ms')} without`,
    ratio,
    target: `less than ${TARGET} times slower`,
    met: ratio < TARGET,
  };
}

/** Asks again and again, over each connection as soon as the answer is there. */
function startClient(url: string): { stop(): Promise<void> } {
  let client: autocannon.Instance;
  const stopped = new Promise<void>((resolve, reject) => {
    client = autocannon(
      { url, connections: CONNECTIONS, duration: 600, headers: { 'x-forwarded-for': '192.0.2.1' } },
      (error: unknown, { non2xx }: autocannon.Result) => {
        if (error || non2xx > 0) reject(new Error(`${url} had ${non2xx} errors`));
        else resolve();
      },
    );
  });
  return {
    stop() {
      client.stop();
      return stopped;
    },
  };
}

async function formTimes(url: string): Promise<number[]> {
  const times: number[] = [];
  for (let count = 0; count < FORMS; count++) {
    const began = performance.now();
    const answer = await fetch(`${url}/`, { headers: { 'x-forwarded-for': clientOf(count) } });
    await answer.text();
    if (!answer.ok) throw new Error(`The form was answered with ${answer.status}`);
    times.push(performance.now() - began);
    await sleep(BETWEEN_MS);
  }
  return times;
}

function terms(): string {
  const clause = '## A clause\n\nIt says *what* is [allowed](https://contoso.com), and what is not.\n\n';
  return clause.repeat(TERMS_BYTES / clause.length);
}
