import { createHash } from 'node:crypto';
import { parseAddress } from '../../../src/policy/address.js';
import { lapseUnproven } from '../../../src/requests/prove/lapse.js';
import { submit } from '../../../src/requests/submit/submit.js';
import { aPartner, aPolicy } from '../../support/aPolicy.js';
import { startPortal, type TestPortal } from '../../support/portal.js';
import { textOf } from '../../support/page.js';
import { waitFor } from '../../support/waitFor.js';

// What one registrable domain causes is paced: what comes beyond its hour waits for its turn, and nothing is lost.

let portal: TestPortal;
let next = 0;

beforeAll(async () => {
  portal = await startPortal({
    policy: aPolicy({
      partners: [
        aPartner({ limits: { perHour: 3 } }),
        aPartner({
          id: 'litware',
          domains: ['litware.com', '*.litware.com'],
          proof: 'mailbox',
          limits: { perHour: 2 },
        }),
        aPartner({ id: 'tenant', domains: ['tenant.com'], limits: { perHour: 3 } }),
        aPartner({ id: 'burst', domains: ['burst.com'], limits: { perHour: 3 } }),
        aPartner({ id: 'northwind', domains: ['northwind.se'] }),
      ],
    }),
  });
});
afterAll(() => portal.close());

const request = (address: string) =>
  portal.deps.store.db
    .selectFrom('request')
    .selectAll()
    .where('address', '=', address)
    .executeTakeFirstOrThrow();

async function signUp(domain: string) {
  const email = `p${next++}@${domain}`;
  const visitor = portal.visitor();
  return { email, visitor, path: await visitor.apply({ email }) };
}

const mailed = async (email: string) => (await portal.tenant.mailsTo(email)).length;
const minutesUntil = (at: Date | null) => ((at?.getTime() ?? 0) - Date.now()) / 60_000;

describe('of a partner whose people are invited at once', () => {
  let waiting: Awaited<ReturnType<typeof signUp>>[];

  beforeAll(async () => {
    const first = [
      await signUp('fabrikam.com'),
      await signUp('sales.fabrikam.com'),
      await signUp('fabrikam.com'),
    ];
    waiting = [await signUp('fabrikam.com'), await signUp('eu.fabrikam.com'), await signUp('fabrikam.com')];
    waiting.push(await signUp('fabrikam.com'));
    await waitFor('the first three', async () => {
      const counts = await Promise.all(first.map(({ email }) => mailed(email)));
      return counts.every((count) => count === 1);
    });
  });

  test('the next ones wait an hour, and those after another hour', async () => {
    const rows = await Promise.all(waiting.map(({ email }) => request(email)));
    expect(rows.map(({ state, problem }) => [state, problem?.code])).toEqual(
      waiting.map(() => ['queued', 'paced']),
    );
    const minutes = rows.map(({ due_at }) => Math.round(minutesUntil(due_at)));
    expect(minutes).toEqual([60, 60, 60, 120]);
  });

  test('people read until when, and that they have nothing to do', async () => {
    const [{ visitor, path, email } = await signUp('fabrikam.com')] = waiting;
    expect(await visitor.status(path)).toMatchObject({ status: 'queued', reason: null });
    const { text } = await visitor.get(path);
    const until = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short', timeZone: 'UTC' });
    const { slot_at } = await request(email);
    expect(textOf(text)).toContain(`with your request at ${until.format(slot_at ?? 0)} UTC`);
    expect(await mailed(email)).toBe(0);
  });

  test('other domains are not slowed down', async () => {
    const { email } = await signUp('northwind.se');
    await waitFor('the mail', async () => (await mailed(email)) === 1);
  });

  test('staff see one line, and those who decide for all partners let them go on', async () => {
    const lia = await portal.staff('arne');
    const page = textOf((await lia.get('/admin/overview')).text);
    expect(page).toMatch(/fabrikam\.com 4 sign-ups, the last until/);
    const released = await lia.post(
      '/admin/requests/paced',
      { domain: 'fabrikam.com', action: 'release' },
      { from: '/admin/overview' },
    );
    expect(released.status).toBe(303);
    await waitFor('the mails', async () => {
      const counts = await Promise.all(waiting.map(({ email }) => mailed(email)));
      return counts.every((count) => count === 1);
    });
    expect(textOf((await lia.get('/admin/overview')).text)).not.toContain('Waiting for their turn');
  });
});

describe('of a partner whose people prove their mailbox', () => {
  test('the mail with the code waits, and is sent once released', async () => {
    const first = [await signUp('litware.com'), await signUp('litware.com')];
    const third = await signUp('litware.com');
    await waitFor('the first codes', async () => (await mailed(first[1]?.email ?? '')) === 1);
    expect(await request(third.email)).toMatchObject({
      state: 'unproven',
      problem: { code: 'paced' },
      due_at: null,
    });
    expect(await mailed(third.email)).toBe(0);
    const page = (await third.visitor.get(third.path)).text;
    expect(textOf(page)).toContain("We'll continue with your request at");
    expect(page).not.toContain('name="code"');
    const ada = await portal.staff('ada');
    await ada.post('/admin/requests/paced', { domain: 'litware.com', action: 'release' }, { from: '/admin' });
    await waitFor('the third code', async () => (await mailed(third.email)) === 1);
  });

  test('dropped ones end, say so, and get no mail', async () => {
    const { email, visitor, path } = await signUp('litware.com');
    expect(await request(email)).toMatchObject({ problem: { code: 'paced' } });
    const ada = await portal.staff('ada');
    await ada.post('/admin/requests/paced', { domain: 'litware.com', action: 'drop' }, { from: '/admin' });
    expect(await visitor.status(path)).toMatchObject({ status: 'lapsed' });
    expect(await mailed(email)).toBe(0);
    const events = await portal.deps.store.db
      .selectFrom('audit_event')
      .select('actor')
      .where('action', '=', 'request.dropped')
      .execute();
    expect(events).toHaveLength(1);
    // Their turns are free again: the next one is no later than if they had never been.
    const next = await signUp('litware.com');
    expect(minutesUntil((await request(next.email)).slot_at)).toBeLessThan(61);
  });

  test('one that waits for its turn does not lapse before it had its day', async () => {
    const { email } = await signUp('litware.com');
    const { db } = portal.deps.store;
    await db
      .updateTable('request')
      .set({ created_at: new Date(Date.now() - 30 * 3600_000) })
      .where('address', '=', email)
      .execute();
    await lapseUnproven(portal.deps);
    expect(await request(email)).toMatchObject({ state: 'unproven' });
  });

  test('an approver of one partner may not', async () => {
    const nils = await portal.staff('nils');
    const answer = await nils.post('/admin/requests/paced', { domain: 'litware.com', action: 'drop' });
    expect(answer.status).toBe(403);
  });
});

test('who has signed in at the home tenant causes no mail to a stranger, and is not paced', async () => {
  for (let count = 0; count < 3; count++) await signUp('tenant.com');
  expect(await request((await signUp('tenant.com')).email)).toMatchObject({ problem: { code: 'paced' } });
  const browser = createHash('sha256').update('browser').digest();
  const at = new Date().toISOString();
  const parsed = parseAddress('home@tenant.com');
  if (!parsed.ok) throw new Error(parsed.fault);
  const application = {
    address: parsed.address,
    firstName: 'Ana',
    lastName: 'Lind',
    company: 'Fabrikam',
    reason: 'Orders',
    language: 'en',
    acceptedTerms: null,
  };
  const proof = { kind: 'tenant', at, browser: browser.toString('hex'), by: 'tid/oid' } as const;
  await submit(portal.deps, application, { browser, suspicions: [], proof });
  await waitFor('the mail', async () => (await mailed('home@tenant.com')) === 1);
});

test('a domain that signs up all at once has no more than its hour', async () => {
  // A domain of its own: nothing has taken a turn of it before.
  const all = await Promise.all(Array.from({ length: 12 }, () => signUp('burst.com')));
  const rows = await Promise.all(all.map(({ email }) => request(email)));
  const byHour = new Map<number, number>();
  for (const { slot_at } of rows) {
    const hour = Math.round(minutesUntil(slot_at) / 60);
    byHour.set(hour, (byHour.get(hour) ?? 0) + 1);
  }
  expect([...byHour].sort()).toEqual([
    [0, 3],
    [1, 3],
    [2, 3],
    [3, 3],
  ]);
});
