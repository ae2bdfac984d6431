import { writeFile } from 'node:fs/promises';
import { insertPause } from '../../../../src/store/pauses.js';
import type { NewRequest } from '../../../../src/store/schema.js';
import { aPartner, aPolicy } from '../../../support/aPolicy.js';
import { aRequest } from '../../../support/aRequest.js';
import { textOf } from '../../../support/page.js';
import { startPortal, type TestPortal } from '../../../support/portal.js';
import { putPolicy } from '../../../support/putPolicy.js';
import { STAFF } from '../../../support/staff.js';
import type { Visitor } from '../../../support/visitor.js';

const HOUR = 3_600_000;
const policy = aPolicy({
  partners: [
    aPartner(),
    aPartner({ id: 'litware', name: 'Litware', domains: ['litware.se'], approvers: [STAFF.lia] }),
  ],
});

let portal: TestPortal;
let ada: Visitor;
let lia: Visitor;
let arne: Visitor;

beforeAll(async () => {
  portal = await startPortal({ policy, worker: false });
  ada = await portal.staff('ada');
  lia = await portal.staff('lia');
  arne = await portal.staff('arne');
});
afterAll(() => portal.close());
beforeEach(async () => {
  await portal.deps.store.db.deleteFrom('request').execute();
  await portal.deps.store.db.deleteFrom('pause').execute();
});

async function insert(...all: Partial<NewRequest>[]) {
  const rows = all.map((one, index) => aRequest({ address: `p${index}@fabrikam.com`, due_at: null, ...one }));
  await portal.deps.store.db.insertInto('request').values(rows).execute();
}

async function page(visitor: Visitor, path = '/admin/overview'): Promise<string> {
  const { status, text } = await visitor.get(path);
  expect(status).toBe(200);
  return text;
}

const part = (html: string, id: string) =>
  textOf(new RegExp(`<(\\w+)[^>]* id="${id}"[\\s\\S]*?</\\1>`).exec(html)?.[0] ?? '');
const rowsOf = (html: string, table: string) => {
  const body = new RegExp(`<table class="list dense" id="${table}">[\\s\\S]*?</table>`).exec(html)?.[0] ?? '';
  return [...body.matchAll(/<tr>([\s\S]*?)<\/tr>/g)].slice(1).map(([, row = '']) => textOf(row));
};

test('it begins with what needs somebody, as a thing to do with its age, and what is not there is a word', async () => {
  await insert(
    { state: 'pending', created_at: new Date(Date.now() - 50 * HOUR) },
    { state: 'pending', partner: 'litware' },
    { state: 'failed' },
    { state: 'denied', created_at: new Date(Date.now() - 48 * HOUR) },
  );
  const html = await page(ada);
  expect(textOf(/<h2[\s\S]*?<\/h2>/.exec(html)?.[0] ?? '')).toBe('Needs you');
  expect(part(html, 'need-pending')).toBe('Review 2 requests Oldest: 2 days');
  expect(part(html, 'need-failed')).toBe('Look into 1 failed request Oldest: 1 minute');
  expect(html).not.toContain('id="need-held"');
  expect(part(html, 'standing')).toBe('Nothing is on hold. 2 sign-ups today (UTC).');
  expect(html).not.toContain('id="overdue"');
});

test('who may only read is not told to review', async () => {
  await insert({ state: 'pending' });
  const html = await page(await portal.staff('aud'));
  expect(part(html, 'need-pending')).toBe('1 request waits for approval Oldest: 1 minute');
  expect(html).toContain('Needs someone');
});

test('a line counts those who have shown nothing yet, and a list says why some wait though the policy would let them in', async () => {
  const decision = (...codes: string[]) =>
    JSON.stringify({
      outcome: 'review',
      partner: 'fabrikam',
      rule: 'fabrikam.com',
      grants: {},
      reasons: [{ code: 'domain.listed' }, ...codes.map((code) => ({ code }))],
    });
  await insert(
    { state: 'unproven', decision: decision('proof.mailbox', 'guard.tooFast') },
    { state: 'pending', decision: decision('limit.perDay') },
    { state: 'pending', decision: decision('limit.perDay', 'guard.honeypot'), partner: 'litware' },
    { state: 'pending', decision: decision('approval.manual') },
    // Those who are through do not wait.
    { state: 'provisioned', decision: decision('limit.total') },
  );
  const html = await page(ada);
  expect(part(html, 'standing')).toContain('Not confirmed: 1 (Oldest: 1 minute).');
  expect(part(html, 'set-aside')).toBe(
    'Sent to an approver as a precaution ' +
      "2 Over the daily limit 1 Filled in a field that people can't see View those still waiting",
  );
  expect(part(await page(lia), 'set-aside')).toContain('1 Over the daily limit');
  await portal.deps.store.db.deleteFrom('request').execute();
  expect(await page(ada)).not.toContain('id="set-aside"');
});

test('work that is overdue is told', async () => {
  await insert(
    { state: 'queued', due_at: new Date(Date.now() - 2 * 60_000) },
    { state: 'queued', due_at: new Date() },
  );
  expect(part(await page(ada), 'overdue')).toMatch(/^1 request should have been processed/);
});

test('the last 30 days are a chart, and the same numbers a table', async () => {
  const daysAgo = (days: number) => new Date(Date.now() - days * 24 * HOUR);
  await insert(
    { state: 'provisioned' },
    { state: 'provisioned', partner: 'litware', created_at: daysAgo(1) },
    { state: 'held', partner: 'litware', created_at: daysAgo(1) },
    { state: 'denied', partner: null, created_at: daysAgo(29) },
    { state: 'denied', partner: null, created_at: daysAgo(30) },
  );
  const html = await page(ada);
  const day = (date: Date) => date.toISOString().slice(0, 10);
  const byDay = rowsOf(html, 'by-day');
  expect(byDay).toHaveLength(30);
  expect(byDay[0]).toBe(`${day(new Date())} 1 0 0 0 1`);
  expect(byDay[1]).toBe(`${day(daysAgo(1))} 1 0 1 0 2`);
  expect(byDay[29]).toBe(`${day(daysAgo(29))} 0 0 0 1 1`);
  expect(rowsOf(html, 'by-partner')).toEqual([
    'Litware 0 1 0 1 0 2',
    'Fabrikam 1 1 0 0 0 1',
    'No partner 0 0 0 0 1 1',
  ]);
  const chart = /<svg[\s\S]*<\/svg>/.exec(html)?.[0] ?? '';
  expect(chart.match(/<rect /g)).toHaveLength(4);
  // What colours tell, patterns tell too.
  expect(chart).toMatch(/<rect fill="url\(#dots\)"/);
  expect(chart).toContain('4 sign-ups in 30 days.');
  // The content security policy would not apply them.
  expect(html).not.toMatch(/ style=| on\w+=|<style/);
});

test('there is no chart of two days, only their table', async () => {
  await insert({ state: 'provisioned' }, { state: 'denied', created_at: new Date(Date.now() - 48 * HOUR) });
  const html = await page(ada);
  expect(html).not.toContain('class="chart"');
  expect(rowsOf(html, 'by-day')).toHaveLength(30);
});

test('the sign-ups can be narrowed to a partner, the rest stays', async () => {
  await insert({ state: 'pending' }, { state: 'provisioned', partner: 'litware' });
  const html = await page(ada, '/admin?partner=litware');
  expect(rowsOf(html, 'by-partner')).toEqual(['Litware 1 1 0 0 0 1']);
  expect(part(html, 'need-pending')).toMatch(/^Review 1 request /);
  expect(html).toContain('<option value="litware" selected>');
  for (const query of ['partner=a&partner=b', 'partner=%00', `partner=${'a'.repeat(65)}`]) {
    expect((await ada.get(`/admin?${query}`)).status).toBe(400);
  }
});

test('an approver of one partner sees that one’s numbers, and nothing of policy and tenant', async () => {
  await insert(
    { state: 'pending' },
    { state: 'failed', problem: JSON.stringify({ code: 'permissionMissing' }) },
    { state: 'queued', due_at: new Date(Date.now() - 2 * 60_000) },
    { state: 'pending', partner: 'litware', company: 'Litware' },
  );
  await insertPause(portal.deps.store.db, 'graph', 60);
  for (const query of ['', '?partner=fabrikam']) {
    const html = await page(lia, `/admin/overview${query}`);
    expect(part(html, 'need-pending')).toMatch(/^Review 1 request /);
    expect(part(html, 'standing')).toContain('Nothing failed.');
    expect(html).not.toContain('id="overdue"');
    expect(html).not.toContain('permissionMissing');
    expect(html).not.toMatch(/id="(policy|tenant|problems)"/);
    expect(html).not.toContain('Fabrikam');
  }
  expect(rowsOf(await page(lia), 'by-partner')).toEqual(['Litware 1 0 1 0 0 1']);
  expect(rowsOf(await page(lia, '/admin/overview?partner=fabrikam'), 'by-partner')).toEqual([]);
  expect(await page(arne)).not.toContain('id="policy"');
});

test('the policy in force is shown, and the faults of one that is not', async () => {
  const good = portal.deps.policy.current();
  const html = await page(ada);
  expect(part(html, 'policy')).toContain(`Policy ${good.hash.slice(0, 12)} Loaded`);
  await writeFile(portal.policyFile, JSON.stringify({ ...policy, unlisted: '<b>' }));
  await portal.deps.policy.reload();
  const faulty = await page(ada);
  expect(part(faulty, 'problems')).toContain("The newest policy file has 1 error and isn't in force.");
  expect(part(faulty, 'problems')).toContain('unlisted');
  expect(part(faulty, 'policy')).toContain(good.hash.slice(0, 12));
  expect(faulty).not.toContain('<b>');
  await putPolicy(portal, policy);
});

test('a pause that Microsoft asked for, and what holds requests up, are shown without asking Microsoft', async () => {
  expect(part(await page(ada), 'tenant')).toContain('No requests are held up.');
  await insertPause(portal.deps.store.db, 'graph', 90);
  await insert(
    { state: 'queued', problem: JSON.stringify({ code: 'tokenRefused' }) },
    { state: 'held', problem: JSON.stringify({ code: 'guestBlocked' }) },
    { state: 'held', problem: JSON.stringify({ code: 'guestBlocked' }) },
    { state: 'held', problem: JSON.stringify({ code: 'heldByReviewer' }) },
  );
  const before = await portal.tenant.graphCalls();
  const tenant = part(await page(ada), 'problems');
  expect(tenant).toMatch(/Microsoft has asked for a pause: no calls for (90|8\d) more seconds\./);
  expect(tenant).toMatch(/blocked.* \(guestBlocked\): 2 .* \(tokenRefused\): 1/);
  expect(tenant).not.toContain('heldByReviewer');
  expect(await portal.tenant.graphCalls()).toHaveLength(before.length);
});

test('what the latest check of the tenant found is counted, once there was one', async () => {
  expect(part(await page(ada), 'tenant')).not.toContain('The last check');
  const { findings } = await portal.deps.doctor.examine();
  const bad = findings.filter(({ level }) => level === 'bad').length;
  const warnings = findings.filter(({ level }) => level === 'warning').length;
  const some = (count: number, what: string) =>
    count > 0 ? [`${count} ${what}${count === 1 ? '' : 's'}`] : [];
  expect(part(await page(ada), bad + warnings > 0 ? 'problems' : 'tenant')).toContain(
    bad + warnings > 0
      ? `The last check found ${[...some(bad, 'problem'), ...some(warnings, 'warning')].join(' and ')}.`
      : 'The last check found nothing to fix.',
  );
  expect(await page(lia)).not.toContain('The last check');
});

test('without any request the page says so', async () => {
  const text = textOf(await page(ada));
  expect(text).toContain('Nobody has signed up in the last 30 days.');
});

test('whoever has no role does not see it', async () => {
  const nils = await portal.staff('nils');
  expect((await nils.get('/admin')).status).toBe(403);
  expect((await portal.visitor().get('/admin')).status).toBe(303);
});
