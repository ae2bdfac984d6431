import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { POLICY_NAME, startPortal } from './support/portal.js';
import { createStore } from './support/stores.js';
import { policyText } from './support/policyText.js';
import { figure, type Row } from './report.js';
import { sized } from './support/sized.js';

const PARTNERS = sized(10_000, 100);
const RELOADS = sized(5, 1);
const TARGET_MS = 200;
const PROBE_EVERY_MS = 5;

/** The longest that a person waits while a running portal loads a new policy, compared with the time when it does not. */
export async function benchPolicyReload(): Promise<Row[]> {
  const store = await createStore('embedded');
  const portal = await startPortal(store, { policy: policyText(PARTNERS) });
  const file = join(store.env.DATA_DIR, POLICY_NAME);
  const reloading: number[] = [];
  const quiet: number[] = [];
  for (let count = 1; count <= RELOADS; count++) {
    const name = `Contoso ${count}`;
    const start = performance.now();
    await writeFile(file, policyText(PARTNERS, name));
    reloading.push(await longestProbe(portal.url, () => shows(portal.url, name)));
    const until = performance.now() + (performance.now() - start);
    quiet.push(await longestProbe(portal.url, () => Promise.resolve(performance.now() > until)));
  }
  await portal.stop();
  await store.remove();
  const longest = Math.max(...reloading);
  return [
    {
      what: 'Longest `GET /healthz` while the policy is reloaded',
      portal: figure(longest, 'ms'),
      bare: `${figure(Math.max(...quiet), 'ms')} without`,
      ratio: longest / Math.max(...quiet),
      target: `< ${TARGET_MS} ms`,
      met: longest < TARGET_MS,
    },
  ];
}

/** Asks for /healthz again and again until `done`, and returns the longest that an answer took, in ms. */
async function longestProbe(url: string, done: () => Promise<boolean>): Promise<number> {
  let longest = 0;
  for (let count = 1; ; count++) {
    const start = performance.now();
    await (await fetch(`${url}/healthz`)).arrayBuffer();
    longest = Math.max(longest, performance.now() - start);
    if (count % 20 === 0 && (await done())) return longest;
    await sleep(PROBE_EVERY_MS);
  }
}

async function shows(url: string, organization: string): Promise<boolean> {
  const answer = await fetch(`${url}/`);
  return (await answer.text()).includes(`– ${organization}</title>`);
}
