import { readFile } from 'node:fs/promises';
import { readPolicy } from '../../src/policyFile/policyReading.js';
import { aPartner, aPolicy } from '../support/aPolicy.js';
import { aRequest } from '../support/aRequest.js';
import { formOf, save } from '../support/formOf.js';
import { textOf } from '../support/page.js';
import { startPortal, type TestPortal } from '../support/portal.js';
import type { Visitor } from '../support/visitor.js';

// A policy of 2,000 partners is edited without noticeable delay, with 500 requests to replay: no page takes more work than some
// readings of such a policy, measured in the same run, since seconds tell more of the machine than of the page.

const PARTNERS = 2_000;
/** A preview judges the new text, compares it with the old one and decides 500 requests twice. */
const MOST_READINGS = 4;

let portal: TestPortal;
let ada: Visitor;
/** Milliseconds on the clock, and of work: other processes of the machine slow the first down. */
const times: Record<string, { clock: number; work: number }[]> = {};

beforeAll(async () => {
  const many = Array.from({ length: PARTNERS }, (_, number) =>
    aPartner({
      id: `partner-${number}`,
      name: `Partner ${number}`,
      domains: [`p${number}.example`, `*.p${number}.example`],
      approval: number % 3 === 0 ? 'manual' : 'automatic',
      invitation: { message: 'Welcome to our portal', language: 'sv' },
      limits: { perDay: 10 },
    }),
  );
  portal = await startPortal({ worker: false, policy: aPolicy({ partners: many }) });
  ada = await portal.staff('ada');
  const requests = Array.from({ length: 500 }, (_, number) =>
    aRequest({
      address: `a@p${number}.example`,
      partner: `partner-${number}`,
      state: 'provisioned',
      due_at: null,
    }),
  );
  await portal.deps.store.db.insertInto('request').values(requests).execute();
}, 60_000);
afterAll(async () => {
  const figures = Object.entries(times).map(([what, all]) => {
    const each = all.map(({ clock, work }) => `${clock.toFixed(0)} (${work.toFixed(0)})`);
    return `${what} ${each.join(', ')}`;
  });
  process.stdout.write(`${PARTNERS} partners, ms (of work): ${figures.join('; ')}\n`);
  await portal.close();
});

async function timed<T>(what: string, work: () => PromiseLike<T>): Promise<T> {
  const [began, used] = [performance.now(), process.cpuUsage()];
  const result = await work();
  const { user, system } = process.cpuUsage(used);
  (times[what] ??= []).push({ clock: performance.now() - began, work: (user + system) / 1000 });
  return result;
}

test('the list, a form, its preview and its saving come without noticeable delay', async () => {
  const page = '/admin/partners/partner-1234';
  for (const round of [1, 2, 3]) {
    await timed('reading', () => readPolicy(portal.policyFile, () => []));
    const list = await timed('list', () => ada.get('/admin/partners'));
    expect(textOf(list.text)).toContain('1 to 100 of 2000');
    const found = await timed('search', () => ada.get('/admin/partners?q=p1234.example'));
    expect(textOf(found.text)).toContain('1 partner found');
    const form = await timed('form', () => ada.get(page));
    const fields = { ...formOf(form.text, page), name: `Renamed ${round}`, message: `Hello ${round}` };
    const preview = await timed('preview', () => ada.postRaw(page, fields));
    expect(preview.status).toBe(200);
    const saved = await timed('save', () => save(ada, preview.text));
    expect(saved.status).toBe(303);
  }
  expect(await readFile(portal.policyFile, 'utf8')).toContain('Renamed 3');
  // The first round warms up what every later one uses.
  const least = (what: string) => Math.min(...(times[what] ?? []).map(({ work }) => work));
  const tooLong = Object.keys(times).filter((what) => least(what) > MOST_READINGS * least('reading'));
  expect(tooLong).toEqual([]);
}, 120_000);

test('every page of the list shows its hundred', async () => {
  const ids = new Set<string>();
  for (let page = 1; page <= PARTNERS / 100; page += 1) {
    const { text } = await ada.get(`/admin/partners?page=${page}`);
    for (const [, id = ''] of text.matchAll(/href="\/admin\/partners\/(partner-\d+)"/g)) ids.add(id);
  }
  expect(ids.size).toBe(PARTNERS);
});

test('a search that fits nobody, and the last page of one that fits many, come alike', async () => {
  expect(textOf((await ada.get('/admin/partners?q=nobody')).text)).toContain('0 partners found');
  const { text } = await ada.get('/admin/partners?q=partner-1&page=99');
  expect(textOf(text)).toMatch(/to 1111 of 1111/);
});
