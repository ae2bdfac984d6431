import { startPortal } from './support/portal.js';
import { benchServer, startServer } from './support/processes.js';
import { createStore } from './support/stores.js';
import { load } from './support/load.js';
import { median } from './support/numbers.js';
import { figure, type Row } from './report.js';
import { sized } from './support/sized.js';

const ROUNDS = sized(5, 1);
const SECONDS = sized(3, 1);
const TARGET = 0.75;

/** `GET /` without a cookie, the dearest case: each answer makes a token. */
export async function benchFormPage(): Promise<Row[]> {
  const store = await createStore('embedded');
  const portal = await startPortal(store);
  const page = await pageOf(portal.url);
  const bare = await startServer(benchServer('bareForm'), {
    CSRF_TOKEN: asLongAs(CSRF_TOKEN, page),
    LANGUAGE_TOKEN: asLongAs(LANGUAGE_TOKEN, page),
    BEGUN: asLongAs(BEGUN, page),
  });
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

const CSRF_TOKEN = /(?<=name="_csrf" value=")[^"]+/;
/** Of the language switch, which is a form of its own. */
const LANGUAGE_TOKEN = /(?<=name="_csrf" type="hidden" value=")[^"]+/;
const BEGUN = /(?<=name="begun" value=")[^"]+/;

function asLongAs(token: RegExp, page: string): string {
  return 'a'.repeat(token.exec(page)?.[0].length ?? 0);
}

async function pageOf(url: string): Promise<string> {
  const answer = await fetch(`${url}/`, { headers: { 'accept-language': 'en' } });
  return answer.text();
}

async function requireSamePage(one: string, other: string): Promise<void> {
  const [first, second] = (await Promise.all([pageOf(one), pageOf(other)])).map((page) =>
    [CSRF_TOKEN, LANGUAGE_TOKEN, BEGUN].reduce((rest, token) => rest.replace(token, ''), page),
  );
  if (first !== second) throw new Error('The bare form is not the form of the portal any more');
}
