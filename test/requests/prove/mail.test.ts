import { sql } from 'kysely';
import { startPeriodic } from '../../../src/jobs/periodic.js';
import { createLog } from '../../../src/log.js';
import { sendDueNotices } from '../../../src/requests/notices/sendDueNotices.js';
import { reserveMail } from '../../../src/store/mailboxes.js';
import { beginNotice, claimNotice } from '../../../src/store/noticeLeases.js';
import { requestAt } from '../../support/ageRequest.js';
import { aPartner, aPolicy } from '../../support/aPolicy.js';
import { textOf } from '../../support/page.js';
import { startPortal, type TestPortal } from '../../support/portal.js';
import { proofMailTo, tokenIn } from '../../support/proofMail.js';
import { putPolicy } from '../../support/putPolicy.js';
import { waitFor } from '../../support/waitFor.js';

let portal: TestPortal;

const withProof = (proof: string) =>
  aPolicy({
    partners: [aPartner({ id: 'wingtip', name: 'Wingtip Toys', domains: ['wingtiptoys.com'], proof })],
  });

beforeAll(async () => {
  portal = await startPortal({
    worker: false,
    policy: withProof('mailbox'),
    limits: { backoffSeconds: 0.01 },
  });
});
afterAll(() => portal.close());
beforeEach(async () => {
  await portal.tenant.clearFaults();
  await db().deleteFrom('notice').execute();
});
afterEach(() => putPolicy(portal, withProof('mailbox')));

const db = () => portal.deps.store.db;
const send = () => sendDueNotices(portal.deps);
const mails = async (email: string) => (await portal.tenant.mailsTo(email)).length;
const noticesAt = async (path: string) =>
  db()
    .selectFrom('notice')
    .selectAll()
    .where('request_id', '=', (await requestAt(portal, path)).id)
    .orderBy('round')
    .execute();
const enter = (visitor: ReturnType<TestPortal['visitor']>, path: string, code: string) =>
  visitor.post(`/verify/code/${tokenIn(path)}`, { code }, { from: '/' });
const passSeconds = (seconds: number) =>
  db()
    .updateTable('notice')
    .set({
      due_at: sql<Date>`due_at - ${seconds} * interval '1 second'`,
      lease_until: sql<Date>`lease_until - ${seconds} * interval '1 second'`,
    })
    .execute();

test('the mail goes out at once, however seldom the portal looks for mails', async () => {
  const loop = startPeriodic(
    { name: 'notices', everyMs: 3_600_000, log: createLog('silent'), bell: portal.deps.noticeBell },
    (stop) => sendDueNotices(portal.deps, { stop }),
  );
  await portal.visitor().apply({ email: 'once@wingtiptoys.com' });
  await proofMailTo(portal, 'once@wingtiptoys.com');
  await loop.stop();
});

test('it goes before mails that somebody else has waited for longer', async () => {
  const visitor = portal.visitor();
  const path = await visitor.apply({ email: 'first@wingtiptoys.com' });
  await db()
    .insertInto('notice')
    .values({
      id: (await requestAt(portal, path)).id,
      kind: 'digest',
      period: '2026-01-01',
      recipient: 'approvers',
      due_at: new Date(0),
    })
    .execute();
  const graph = await portal.tenant.graphCalls();
  await portal.tenant.fault({ on: 'graph', times: 0, fault: { kind: 'status', status: 503 } });
  await send();
  expect(await mails('first@wingtiptoys.com')).toBe(1);
  expect(await portal.tenant.graphCalls()).toHaveLength(graph.length);
});

test('it waits until the mailbox may be written to, and the code counts from then on', async () => {
  const email = 'later@wingtiptoys.com';
  await reserveMail(db(), email, portal.deps.limits);
  const visitor = portal.visitor();
  const path = await visitor.apply({ email });
  const [notice] = await noticesAt(path);
  const wait = ((notice?.due_at.getTime() ?? 0) - Date.now()) / 1000;
  expect(wait).toBeGreaterThan(290);
  expect(wait).toBeLessThanOrEqual(300);
  await send();
  expect(await mails(email)).toBe(0);
  expect((await enter(visitor, path, '123456')).status).toBe(422);
  await passSeconds(300);
  await send();
  const { code } = await proofMailTo(portal, email);
  expect((await enter(visitor, path, code)).status).toBe(303);
});

test('a mail server that is down delivers no dead code when it is back', async () => {
  const email = 'down@wingtiptoys.com';
  const visitor = portal.visitor();
  const path = await visitor.apply({ email });
  await portal.tenant.fault({ on: 'smtp', fault: { kind: 'refuse', code: 451, message: 'Later' } });
  await sendDueNotices({ ...portal.deps, limits: { ...portal.deps.limits, backoffSeconds: 3_600 } });
  expect(await noticesAt(path)).toMatchObject([{ state: 'waiting', problem: { code: 'mailUnavailable' } }]);
  // The code of the attempt that failed runs out meanwhile.
  await db()
    .updateTable('challenge')
    .set({ expires_at: sql<Date>`now() - interval '1 hour'` })
    .execute();
  await passSeconds(3_600);
  await send();
  const { code } = await proofMailTo(portal, email);
  expect((await enter(visitor, path, code)).status).toBe(303);
});

test('a mailbox that the server refuses is told on the page', async () => {
  const visitor = portal.visitor();
  const path = await visitor.apply({ email: 'nobody@wingtiptoys.com' });
  await portal.tenant.fault({ on: 'smtp', fault: { kind: 'refuse', code: 550, message: 'No such mailbox' } });
  await send();
  const { text } = await visitor.get(path);
  expect(textOf(text)).toContain(
    "We couldn't deliver an email to nobody@wingtiptoys.com. Check the address.",
  );
});

test('what had begun to flow when its sender died is not sent a second time', async () => {
  const email = 'died@wingtiptoys.com';
  const path = await portal.visitor().apply({ email });
  const claimed = await claimNotice(db(), 120, ['proof']);
  expect(claimed && (await beginNotice(db(), claimed))).toBe(true);
  await send();
  await passSeconds(121);
  await send();
  await send();
  expect(await noticesAt(path)).toMatchObject([{ state: 'unconfirmed' }]);
  expect(await mails(email)).toBe(0);
});

test('what a sender had only claimed when it died goes out two minutes later', async () => {
  const email = 'early@wingtiptoys.com';
  await portal.visitor().apply({ email });
  await claimNotice(db(), 120, ['proof']);
  await send();
  expect(await mails(email)).toBe(0);
  await passSeconds(121);
  await send();
  expect(await mails(email)).toBe(1);
});

test('several senders at once send one mail a request, whose code is the one that counts', async () => {
  const emails = Array.from({ length: 5 }, (_, number) => `at-once${number}@wingtiptoys.com`);
  const visitors = emails.map(() => portal.visitor());
  const paths: string[] = [];
  for (const [at, visitor] of visitors.entries()) paths.push(await visitor.apply({ email: emails[at] }));
  await Promise.all([send(), send(), send(), send()]);
  for (const [at, email] of emails.entries()) {
    expect(await mails(email)).toBe(1);
    const { code } = await proofMailTo(portal, email);
    const visitor = visitors[at];
    expect(visitor && (await enter(visitor, paths[at] ?? '', code)).status).toBe(303);
  }
});

test('nobody is mailed who has closed the matter before', async () => {
  const email = 'closed@wingtiptoys.com';
  const path = await portal.visitor().apply({ email });
  await db().updateTable('request').set({ state: 'denied' }).where('address', '=', email).execute();
  await send();
  expect(await noticesAt(path)).toMatchObject([{ state: 'skipped', problem: { code: 'notAwaited' } }]);
  expect(await mails(email)).toBe(0);
});

describe('when the policy changes meanwhile', () => {
  test('to ask for no proof, the code lets the person in all the same', async () => {
    const email = 'eased@wingtiptoys.com';
    const visitor = portal.visitor();
    const path = await visitor.apply({ email });
    await send();
    const { code } = await proofMailTo(portal, email);
    await putPolicy(portal, withProof('invitation'));
    expect((await visitor.get(path)).text).toContain('name="code"');
    expect((await enter(visitor, path, code)).status).toBe(303);
    expect((await requestAt(portal, path)).state).toBe('queued');
  });

  test('to ask for another proof, neither code nor link does any more, and the page asks for the other', async () => {
    const email = 'other@wingtiptoys.com';
    const visitor = portal.visitor();
    const path = await visitor.apply({ email });
    await send();
    const { code, link } = await proofMailTo(portal, email);
    await putPolicy(portal, withProof('tenant'));
    expect((await enter(visitor, path, code)).status).toBe(409);
    expect((await visitor.post(link, {}, { from: '/' })).status).toBe(410);
    expect((await requestAt(portal, path)).state).toBe('unproven');
    expect((await visitor.get(path)).text).toContain(`href="/verify/tenant/${tokenIn(path)}"`);
  });

  test('from another proof, the mail is sent once the person asks for it', async () => {
    const email = 'changed@wingtiptoys.com';
    await putPolicy(portal, withProof('tenant'));
    const visitor = portal.visitor();
    const path = await visitor.apply({ email });
    await send();
    expect(await noticesAt(path)).toEqual([]);
    await putPolicy(portal, withProof('mailbox'));
    expect((await visitor.get(path)).text).toContain('Ask for an email to changed@wingtiptoys.com');
    await visitor.post(`/verify/code/${tokenIn(path)}/again`, {}, { from: '/' });
    await send();
    const { code } = await proofMailTo(portal, email);
    expect((await enter(visitor, path, code)).status).toBe(303);
  });

  test('to ask for it on a portal that has no mail server, the change is refused and the good policy stays', async () => {
    const site = await startPortal({ smtp: false, worker: false, policy: withProof('invitation') });
    const before = site.deps.policy.current().hash;
    await expect(putPolicy(site, withProof('mailbox'))).rejects.toThrow();
    expect(site.deps.policy.current().hash).toBe(before);
    const refused = await waitFor('the refusal', () =>
      site.logged().find(({ msg }) => msg === 'policy file refused: the one in force stays'),
    );
    expect(JSON.stringify(refused)).toContain('set SMTP_URL');
    await site.visitor().apply({ email: 'ana@wingtiptoys.com' });
    await site.close();
  });
});

test('whoever proves an address that has a request is led to that one', async () => {
  const policy = aPolicy({
    partners: [
      aPartner({ id: 'wingtip', domains: ['wingtiptoys.com'], proof: 'mailbox', approval: 'manual' }),
    ],
  });
  await putPolicy(portal, policy);
  const email = 'twice@wingtiptoys.com';
  const first = portal.visitor();
  const path = await first.apply({ email });
  await send();
  await enter(first, path, (await proofMailTo(portal, email)).code);
  expect((await requestAt(portal, path)).state).toBe('pending');
  const second = portal.visitor();
  const other = await second.apply({ email });
  expect(other).not.toBe(path);
  await passSeconds(301);
  await send();
  const { link } = await proofMailTo(portal, email, 2);
  expect((await second.post(link, {}, { from: link })).status).toBe(303);
  expect((await requestAt(portal, other)).id).toBe((await requestAt(portal, path)).id);
  const lapsed = db().selectFrom('request').select('problem').where('state', '=', 'lapsed');
  expect(await lapsed.where('address', '=', email).execute()).toEqual([{ problem: { code: 'superseded' } }]);
});
