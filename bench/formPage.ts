import { startPortal } from './support/portal.js';
import { benchServer, startServer } from './support/processes.js';
import { createStore } from './support/stores.js';
import { load } from './support/load.js';
import { median } from './support/numbers.js';
import { figure, type Row } from './report.js';

const ROUNDS = 5;
const SECONDS = 3;
const TARGET = 0.6;

/** `GET /` without a cookie, the dearest case: each answer makes a token. */
export async function benchFormPage(): Promise<Row[]> {
  const store = await createStore('embedded');
  const portal = await startPortal(store);
  const token = 'a'.repeat((await tokenOf(portal.url)).length);
  const bare = await startServer(benchServer('bareForm'), { CSRF_TOKEN: token });
  await requireSamePage(portal.url, bare.url);
  const rounds: { portal: number; bare: number }[] = [];
  await round(portal.url, bare.url);
  for (let count = 0; count < ROUNDS; count++) rounds.push(await round(portal.url, bare.url));
  await Promise.all([portal.stop(), bare.stop()]);
  await store.remove();
  const ratio = median(rounds.map((one) => one.portal / one.bare));
  return [
    {
      what: 'The form, `GET /`',
      portal: figure(median(rounds.map((one) => one.portal)), '/s'),
      bare: figure(median(rounds.map((one) => one.bare)), '/s'),
      ratio,
      target: `ratio ≥ ${TARGET}`,
      met: ratio >= TARGET,
    },
  ];
}

async function round(portal: string, bare: string): Promise<{ portal: number; bare: number }> {
  const underneath = await load({ url: `${bare}/`, duration: SECONDS }, 200);
  const whole = await load({ url: `${portal}/`, duration: SECONDS }, 200);
  return { portal: whole.perSecond, bare: underneath.perSecond };
}

const TOKEN = /(?<=name="_csrf" value=")[^"]+/;

async function tokenOf(url: string): Promise<string> {
  return TOKEN.exec(await pageOf(url))?.[0] ?? '';
}

async function pageOf(url: string): Promise<string> {
  const answer = await fetch(`${url}/`, { headers: { 'accept-language': 'en' } });
  return answer.text();
}

async function requireSamePage(one: string, other: string): Promise<void> {
  const [first, second] = (await Promise.all([pageOf(one), pageOf(other)])).map((page) =>
    page.replace(TOKEN, ''),
  );
  if (first !== second) throw new Error('The bare form is not the form of the portal any more');
}
