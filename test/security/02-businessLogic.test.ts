import { sql } from 'kysely';
import { aPartner, aPolicy } from '../support/aPolicy.js';
import { invitationsOf, signUpUntil } from '../support/journey.js';
import { startPortal, type TestPortal } from '../support/portal.js';
import { workOn } from '../support/workOn.js';
import { waitFor } from '../support/waitFor.js';
import { contentsOf } from './walk.js';

// OWASP ASVS 5.0.0, chapter 2: steps in their order, whole or not at all, and not without end.

let portal: TestPortal;

beforeAll(async () => {
  portal = await startPortal({
    worker: false,
    env: { TRUST_PROXY: '1' },
    policy: aPolicy({
      partners: [
        aPartner(),
        aPartner({ id: 'litware', name: 'Litware', domains: ['litware.com'], approval: 'manual' }),
        aPartner({ id: 'wingtip', name: 'Wingtip Toys', domains: ['wingtiptoys.com'], proof: 'mailbox' }),
        aPartner({ id: 'proseware', name: 'Proseware', domains: ['proseware.com'], proof: 'tenant' }),
        aPartner({ id: 'small', domains: ['small.com'], limits: { perDay: 2 } }),
        aPartner({ id: 'few', domains: ['few.com'], limits: { total: 2 } }),
      ],
    }),
  });
});
afterAll(() => portal.close());

const db = () => portal.deps.store.db;
const requestsOf = (address: string) =>
  db().selectFrom('request').selectAll().where('address', '=', address).execute();
const isDue = async (id: string | undefined) =>
  (await db().selectFrom('request').select('due_at').where('id', '=', String(id)).executeTakeFirst())
    ?.due_at != null;

let clients = 0;
/** Somebody who comes from an address of their own. */
const somebody = () => {
  clients++;
  return portal.visitor({ 'X-Forwarded-For': `198.51.${Math.floor(clients / 250)}.${1 + (clients % 250)}` });
};

describe('2.3 order and wholeness', () => {
  test.each([
    ['wingtiptoys.com', 'unproven'],
    ['proseware.com', 'unproven'],
    ['litware.com', 'pending'],
  ])('2.3.1 at %s a request stays %s, whatever address is asked for instead', async (domain, state) => {
    const email = `skip@${domain}`;
    const path = await somebody().apply({ email });
    const token = path.split('/').at(-1) ?? '';
    const [request] = await requestsOf(email);
    expect(request?.state).toBe(state);
    const visitor = somebody();
    const _csrf = await visitor.csrf();
    const statuses: [string, number][] = [];
    for (const to of [
      `${path}/resend`,
      `${path}/approve`,
      `${path}/prove`,
      `/verify/code/${token}`,
      `/verify/link/${token}`,
      '/verify/form',
      `/admin/requests/${request?.id}/approve`,
    ]) {
      const fields = { _csrf, code: '000000', approved: 'true', state: 'provisioned', version: '1' };
      statuses.push([to, (await visitor.postRaw(to, fields)).status]);
    }
    for (const [to, status] of statuses) expect([to, status >= 400 && status < 500]).toEqual([to, true]);
    // A worker that is sent to it has nothing to do there.
    await workOn(portal.deps, request?.id ?? '');
    expect((await requestsOf(email)).map((row) => row.state)).toEqual([state]);
    expect(await isDue(request?.id)).toBe(false);
    expect(await invitationsOf(portal, email)).toEqual([]);
  });

  test('2.3.1 a mail is not sent again for a request that has none yet: 409', async () => {
    for (const domain of ['litware.com', 'wingtiptoys.com', 'competitor.com']) {
      const path = await somebody().apply({ email: `again@${domain}` });
      const visitor = somebody();
      const _csrf = await visitor.csrf(path);
      const { status } = await visitor.postRaw(`${path}/resend`, {
        _csrf: _csrf === '' ? await visitor.csrf() : _csrf,
      });
      expect([domain, status]).toEqual([domain, 409]);
    }
  });

  test('2.3.1 a code for a request that waits for none: 409, and nothing changes', async () => {
    const path = await somebody().apply({ email: 'nocode@litware.com' });
    const token = path.split('/').at(-1) ?? '';
    const visitor = somebody();
    const _csrf = await visitor.csrf();
    const before = await contentsOf(db());
    const code = await visitor.postRaw(`/verify/code/${token}`, { _csrf, code: '123456' });
    const again = await visitor.postRaw(`/verify/code/${token}/again`, { _csrf });
    expect([code.status, again.status]).toEqual([409, 409]);
    expect(await contentsOf(db())).toEqual(before);
  });

  test.each([
    ['approve', 409],
    ['retry', 409],
    // Whose answer is the request's page, which says why.
    ['resend', 303],
  ])('2.3.1 an approver cannot %s past a missing proof: %i, and nothing follows', async (action, answer) => {
    const email = `${action}@wingtiptoys.com`;
    await somebody().apply({ email });
    const [request] = await requestsOf(email);
    const arne = await portal.staff('arne', { 'X-Forwarded-For': '192.0.2.1' });
    const at = `/admin/requests/${request?.id}`;
    const { status } = await arne.post(
      `${at}/${action}`,
      { version: String(request?.version), reason: '', note: '' },
      { from: at },
    );
    expect(status).toBe(answer);
    expect(await requestsOf(email)).toMatchObject([{ state: 'unproven', version: request?.version }]);
    expect(await isDue(request?.id)).toBe(false);
  });

  test.each([
    ['audit_event', 'the audit event'],
    ['request', 'the request'],
  ])('2.3.3 a fault while %s is written leaves nothing of the request (%s)', async (table) => {
    const before = await contentsOf(db());
    await sql`create function break_it() returns trigger language plpgsql as $$ begin raise 'broken'; end $$`.execute(
      db(),
    );
    await sql`create trigger break_it before insert on ${sql.table(table)} for each row execute function break_it()`.execute(
      db(),
    );
    try {
      const { status, headers } = await somebody().signUp({ email: 'whole@fabrikam.com' });
      expect([status, headers.location]).toEqual([500, undefined]);
    } finally {
      await sql`drop trigger break_it on ${sql.table(table)}`.execute(db());
      await sql`drop function break_it()`.execute(db());
    }
    expect(await contentsOf(db())).toEqual(before);
    await somebody().apply({ email: 'whole@fabrikam.com' });
    expect(await requestsOf('whole@fabrikam.com')).toMatchObject([{ state: 'queued' }]);
    await db().deleteFrom('step').execute();
    await db().deleteFrom('request').where('address', '=', 'whole@fabrikam.com').execute();
  });

  test('2.3.4 fifty parallel identical submits are one request and one mail', async () => {
    const email = 'fifty@fabrikam.com';
    const paths = await Promise.all(Array.from({ length: 50 }, () => somebody().apply({ email })));
    // Each sender has a page of their own, and all of them show the one request.
    expect(new Set(paths).size).toBe(50);
    const rows = await requestsOf(email);
    expect(rows).toHaveLength(1);
    expect(await isDue(rows[0]?.id)).toBe(true);
    portal.startWorker();
    for (const path of paths) await signUpUntil(portal, 'provisioned', email, path);
    await portal.stopWorker();
    expect(await portal.tenant.mailsTo(email)).toHaveLength(1);
    expect(await invitationsOf(portal, email)).toHaveLength(1);
  });
});

describe('2.4 limits', () => {
  /** Posts empty forms until the portal has had enough; returns how many it took. */
  async function postsUntilRefused(headers: Record<string, string>, at = portal): Promise<number> {
    const visitor = at.visitor(headers);
    const _csrf = await visitor.csrf();
    for (let count = 0; count < 200; count++) {
      const { status, headers: answered } = await visitor.postRaw('/sign-up', { _csrf });
      if (status !== 429) continue;
      expect(Number(answered['retry-after'])).toBeGreaterThan(0);
      return count;
    }
    return Infinity;
  }

  test('2.4.1 one client may post so often, and no more: 429 with Retry-After, others go on', async () => {
    expect(await postsUntilRefused({ 'X-Forwarded-For': '203.0.113.1' })).toBe(120);
    const { status } = await portal
      .visitor({ 'X-Forwarded-For': '203.0.113.2' })
      .signUp({ email: 'other@fabrikam.com' });
    expect(status).toBe(303);
  });

  test('2.4.1 one person’s whole IPv6 network is one client', async () => {
    let count = 0;
    const hopping = () => ({ 'X-Forwarded-For': `2001:db8:0:1::${(++count).toString(16)}` });
    const statuses: number[] = [];
    for (let post = 0; post < 125; post++) statuses.push((await portal.visitor(hopping()).signUp({})).status);
    expect(statuses.filter((status) => status === 429).length).toBeGreaterThan(0);
  });

  test('2.4.1 whoever comes after a partner’s last place waits for a person: a day, and in all', async () => {
    for (const [domain, code] of [
      ['small.com', 'limit.perDay'],
      ['few.com', 'limit.total'],
    ]) {
      for (const n of [1, 2, 3]) await somebody().apply({ email: `p${n}@${domain}` });
      const [last] = await requestsOf(`p3@${domain}`);
      expect([last?.state, last?.decision.reasons.at(-1)?.code]).toEqual(['pending', code]);
    }
  });

  test.each(['fabrikam.com', 'wingtiptoys.com'])(
    '2.4.1 a hundred posts from a hundred clients for one mailbox at %s: one mail, one answer',
    async (domain) => {
      const spellings = [`victim@${domain}`, `Victim@${domain}`, `VICTIM@${domain.toUpperCase()}`];
      const answers = await Promise.all(
        Array.from({ length: 100 }, (_, n) => somebody().signUp({ email: spellings[n % 3] })),
      );
      const told = ({ status, text }: { status: number; text: string }) =>
        `${status} ${text.replace(/[\w-]{22}/g, '')}`;
      expect(new Set(answers.map(told)).size).toBe(1);
      expect(await requestsOf(`victim@${domain}`)).toHaveLength(1);
      portal.startWorker();
      await waitFor('a mail', async () => (await portal.tenant.mailsTo(`victim@${domain}`)).length > 0);
      await waitFor('all work to be done', async () => {
        const { rows } = await sql`
          select 1 from request where due_at <= now() union all
          select 1 from notice where state = 'waiting' and due_at <= now() limit 1`.execute(db());
        return rows.length === 0;
      });
      await portal.stopWorker();
      expect(await portal.tenant.mailsTo(`victim@${domain}`)).toHaveLength(1);
    },
  );

  test('2.4.1 a tag does not make a mailbox another one: it is refused', async () => {
    for (const email of ['victim+1@fabrikam.com', 'vic+tim@fabrikam.com']) {
      expect((await somebody().signUp({ email })).status).toBe(422);
    }
  });
});
