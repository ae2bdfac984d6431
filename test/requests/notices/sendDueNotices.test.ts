import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server } from 'node:net';
import { sql } from 'kysely';
import { sendDueNotices } from '../../../src/requests/notices/sendDueNotices.js';
import { decide } from '../../../src/requests/review/decide.js';
import { beginNotice, claimNotice } from '../../../src/store/noticeLeases.js';
import { findNotices, queueNotice } from '../../../src/store/notices.js';
import { aPartner, aPolicy } from '../../support/aPolicy.js';
import { aRequest, insertARequest } from '../../support/aRequest.js';
import { putPolicy } from '../../support/putPolicy.js';
import { startPortal, type TestPortal } from '../../support/portal.js';
import { workOn } from '../../support/workOn.js';
import { accessFor, submitted } from '../../support/reviewers.js';
import { APPROVERS, STAFF } from '../../support/staff.js';
import { waitFor } from '../../support/waitFor.js';

let portal: TestPortal;

const GONE = '55555555-0000-4000-8000-0000000000ff';
const manual = (id: string, overrides = {}) =>
  aPartner({ id, name: `Partner ${id}`, domains: [`${id}.com`], approval: 'manual', ...overrides });
const policy = aPolicy({
  portal: { organization: 'Contoso', contact: 'partners@contoso.com', reviewers: ['desk@contoso.com'] },
  partners: [
    manual('lia', { approvers: [STAFF.lia] }),
    manual('both', { approvers: [STAFF.lia, APPROVERS, STAFF.gro] }),
    manual('unnamed'),
    manual('gone', { approvers: [GONE] }),
    manual('nomail', { approvers: [STAFF.nils] }),
    manual('silent', { approvers: [STAFF.lia], notify: 'off' }),
    manual('daily', { approvers: [STAFF.lia, APPROVERS], notify: 'digest' }),
    manual('weekly', { approvers: [STAFF.lia], notify: 'digest' }),
    manual('swedish', { approvers: [STAFF.lia], invitation: { language: 'sv' } }),
    manual('contoso', { approvers: [STAFF.lia, STAFF.gro] }),
    aPartner({ id: 'quick', domains: ['quick.com'] }),
  ],
  unlisted: 'review',
});
/** Before the hour of the digests. */
const MORNING = new Date('2026-05-04T07:59:00Z');

beforeAll(async () => {
  portal = await startPortal({ worker: false, policy, limits: { backoffSeconds: 0.01 } });
});
afterAll(() => portal.close());
beforeEach(async () => {
  // What earlier tests left waiting is decided, and nobody has had a mail this hour.
  await db().deleteFrom('notice').execute();
  await db().updateTable('request').set({ state: 'lapsed' }).where('state', '=', 'pending').execute();
  await portal.tenant.clearFaults();
  seen = (await portal.tenant.state()).mails.length;
});

let seen = 0;
const db = () => portal.deps.store.db;
const send = (now = MORNING) => sendDueNotices(portal.deps, { now });
/** So long until a notice is tried again that no round meets it twice. */
const sendPatiently = (now = MORNING) =>
  sendDueNotices({ ...portal.deps, limits: { ...portal.deps.limits, backoffSeconds: 60 } }, { now });
/** Mails that came in during the test. */
const mails = async () => (await portal.tenant.state()).mails.slice(seen);
const recipients = async () => (await mails()).flatMap(({ to }) => to).sort();
const statesOf = async (id: string) => (await findNotices(db(), id)).map(({ state }) => state);
const makeDue = () =>
  db()
    .updateTable('notice')
    .set({ due_at: new Date(0) })
    .execute();
const change = (id: string, properties: object) =>
  fetch(`${portal.tenant.peopleUrl}/control/users/${id}`, {
    method: 'PATCH',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(properties),
  });

describe('who is told of a waiting request', () => {
  test.each([
    ['an approver', 'ana@lia.com', ['lia@contoso.com']],
    ['a group, and each of its people once', 'ana@both.com', ['gro@contoso.com', 'lia@contoso.com']],
    ['the reviewers where the partner names nobody', 'ana@unnamed.com', ['desk@contoso.com']],
    ['the reviewers where the approver is gone', 'ana@gone.com', ['desk@contoso.com']],
    ['the reviewers where the approver has no mailbox', 'ana@nomail.com', ['desk@contoso.com']],
    ['the reviewers where there is no partner', 'ana@nowhere.com', ['desk@contoso.com']],
    ['nobody where the partner wants no mails', 'ana@silent.com', []],
    ['nobody at once where there is a digest', 'ana@daily.com', []],
    ['nobody of one who is invited at once', 'ana@quick.com', []],
    ['not the one who asks', 'lia@contoso.com', ['gro@contoso.com']],
  ])('%s', async (_, email, expected) => {
    await submitted(portal.deps, email);
    await send();
    await send();
    expect(await recipients()).toEqual(expected);
  });

  test('the contact where the policy names no reviewers', async () => {
    await putPolicy(portal, {
      ...policy,
      portal: { organization: 'Contoso', contact: 'partners@contoso.com' },
    });
    await submitted(portal.deps, 'contact@unnamed.com');
    await send();
    await putPolicy(portal, policy);
    expect(await recipients()).toEqual(['partners@contoso.com']);
  });

  test('nobody whose account is switched off', async () => {
    await change(STAFF.gro, { accountEnabled: false });
    await submitted(portal.deps, 'off@both.com');
    await send();
    await change(STAFF.gro, { accountEnabled: true });
    expect(await recipients()).toEqual(['lia@contoso.com']);
  });

  test('nobody, of a request that was decided in the meantime', async () => {
    const request = await submitted(portal.deps, 'late@lia.com');
    await decide(portal.deps, accessFor(portal.deps), request.id, {
      action: 'approve',
      version: request.version,
    });
    await send();
    expect(await mails()).toEqual([]);
    expect(await findNotices(db(), request.id)).toMatchObject([
      { state: 'skipped', problem: { code: 'decided' } },
    ]);
  });

  test('nobody, of a request that was decided while the mail server was down', async () => {
    const request = await submitted(portal.deps, 'later@lia.com');
    await portal.tenant.fault({ on: 'smtp', fault: { kind: 'refuse', code: 451, message: 'Later' } });
    await sendPatiently();
    await decide(portal.deps, accessFor(portal.deps), request.id, {
      action: 'approve',
      version: request.version,
    });
    await makeDue();
    await send();
    expect(await mails()).toEqual([]);
    expect(await statesOf(request.id)).toEqual(['skipped']);
  });

  test('approvers, of a request that the policy puts back to wait', async () => {
    const request = aRequest({ address: 'back@lia.com', partner: 'lia' });
    await insertARequest(db(), request);
    await workOn(portal.deps, request.id);
    await send();
    expect(await recipients()).toEqual(['lia@contoso.com']);
  });

  test('nobody a second time when the same wait is noted twice', async () => {
    const { id } = await submitted(portal.deps, 'more@lia.com');
    await send();
    await queueNotice(db(), 'waiting', id);
    await send();
    expect(await mails()).toHaveLength(1);
  });
});

describe('a request that waits again, now with another partner', () => {
  const moved = { ...policy, partners: [manual('new', { domains: ['lia.com'], approvers: [STAFF.lia] })] };
  afterEach(() => putPolicy(portal, policy));

  test.each([
    ['after its approvers were told', true, 2],
    ['before any of them was told', false, 1],
  ])('%s: those of its partner of today are told, once', async (name, told, count) => {
    const { id, version } = await submitted(portal.deps, `${name.split(' ')[0]}.move@lia.com`);
    if (told) await send();
    await decide(portal.deps, accessFor(portal.deps), id, { action: 'approve', version });
    await putPolicy(portal, moved);
    await workOn(portal.deps, id);
    await send();
    await send();
    const all = await mails();
    expect(all.map(({ to }) => to)).toEqual(Array(count).fill(['lia@contoso.com']));
    expect(all.at(-1)?.subject).toContain('Partner new');
  });
});

describe('the mail to an approver', () => {
  test('says who asks, from where, what for and since when, and leads to the request', async () => {
    const { id } = await submitted(portal.deps, 'text@lia.com');
    await db()
      .updateTable('request')
      .set({ created_at: new Date('2026-05-02T12:00Z') })
      .where('id', '=', id)
      .execute();
    await send();
    const [mail] = await mails();
    expect(mail).toMatchObject({
      from: 'partners@contoso.com',
      to: ['lia@contoso.com'],
      subject: 'A request is waiting for your approval (Partner lia)',
    });
    for (const body of [mail?.text, mail?.html]) {
      for (const part of [
        'Ana Lind',
        'Partner: Partner lia',
        'Organisation (as entered): Fabrikam',
        'Email domain: lia.com',
        'Received: 2 May 2026 at 12:00 UTC',
        'Orders in the CRM',
        `http://localhost:3000/admin/requests/${id}`,
      ])
        expect(body).toContain(part);
      expect(body).not.toContain('text@lia');
    }
  });

  test('holds no link but its own, whatever was typed', async () => {
    const { id } = await submitted(portal.deps, 'links@lia.com');
    await db()
      .updateTable('request')
      .set({
        company: 'Evil.com',
        reason: 'See https://evil.com/x\nor www.evil.com,\r\nmailto:eve@evil.com or javascript:alert(1)',
      })
      .where('id', '=', id)
      .execute();
    await send();
    const [mail] = await mails();
    for (const body of [mail?.text, mail?.html]) {
      expect(body).toContain('Evil. com');
      expect(body).not.toMatch(/evil\.com|https?:\/\/(?!localhost:3000)|eve@|javascript:alert/i);
    }
  });

  test.each([
    ['sv-SE', 'En ansökan väntar på ditt godkännande (Partner lia)'],
    ['fr-FR', 'A request is waiting for your approval (Partner lia)'],
  ])('is in the language of the directory, %s, if there are texts for it', async (language, subject) => {
    await change(STAFF.lia, { preferredLanguage: language });
    await submitted(portal.deps, `${language.toLowerCase()}@lia.com`);
    await send();
    await change(STAFF.lia, { preferredLanguage: null });
    expect(await mails()).toMatchObject([{ subject }]);
  });

  test('takes no address from the directory that could name a second recipient', async () => {
    await change(STAFF.lia, { otherMails: [] });
    const set = (mail: string) =>
      portal.deps.graph.call({ method: 'PATCH', path: `/users/${STAFF.lia}`, body: { mail } });
    await portal.tenant.settings({ permissions: PERMISSIONS });
    await set('lia@contoso.com\r\nRCPT TO:<eve@evil.com>');
    await submitted(portal.deps, 'crlf@lia.com');
    await send();
    await set('lia@contoso.com');
    expect(await recipients()).toEqual(['desk@contoso.com']);
  });
});

const PERMISSIONS = ['User.Invite.All', 'GroupMember.ReadWrite.All', 'User.ReadWrite.All'];

describe('a digest', () => {
  const at = (time: string) => new Date(`${time}Z`);

  test('goes out once a day and person after 8:00 UTC, counts by partner, and links to the lists', async () => {
    await submitted(portal.deps, 'one@daily.com');
    await submitted(portal.deps, 'two@daily.com');
    await submitted(portal.deps, 'one@weekly.com');
    await db()
      .updateTable('request')
      .set({ created_at: at('2026-05-02T12:00') })
      .where('address', '=', 'one@daily.com')
      .execute();
    await send(at('2026-05-04T07:59'));
    expect(await mails()).toEqual([]);
    await send(at('2026-05-04T08:00'));
    await Promise.all([send(at('2026-05-04T08:01')), send(at('2026-05-04T23:59'))]);
    expect(await recipients()).toEqual(['gro@contoso.com', 'lia@contoso.com']);
    const lia = (await mails()).find(({ to }) => to.includes('lia@contoso.com'));
    expect(lia?.subject).toBe('3 requests are waiting for your approval');
    expect(lia?.text).toContain('Partner daily: 2 requests, the oldest received on 2 May 2026');
    expect(lia?.text).toContain('http://localhost:3000/admin/requests?state=pending&partner=daily');
    expect(lia?.text).toMatch(/Partner weekly: 1 request, received on/);
    const gro = (await mails()).find(({ to }) => to.includes('gro@contoso.com'));
    expect(gro?.text).not.toContain('weekly');

    await send(at('2026-05-05T08:00'));
    expect(await mails()).toHaveLength(4);
  });

  test('is not sent when nothing waits, nor for what was decided before it goes out', async () => {
    await send(at('2026-05-04T08:00'));
    const request = await submitted(portal.deps, 'decided@weekly.com');
    await portal.tenant.fault({ on: 'smtp', fault: { kind: 'refuse', code: 451, message: 'Later' } });
    await sendPatiently(at('2026-05-05T08:00'));
    await decide(portal.deps, accessFor(portal.deps), request.id, {
      action: 'deny',
      version: request.version,
      reason: 'No',
    });
    await db().deleteFrom('notice').where('kind', '=', 'denied').execute();
    await makeDue();
    await send(at('2026-05-05T08:01'));
    expect(await mails()).toEqual([]);
    const { problem } = await db()
      .selectFrom('notice')
      .select('problem')
      .where('period', '=', '2026-05-05')
      .where('recipient', '=', STAFF.lia)
      .executeTakeFirstOrThrow();
    expect(problem).toEqual({ code: 'nothingWaiting' });
  });

  test('does not count what the person has asked for themselves', async () => {
    await putPolicy(
      portal,
      aPolicy({ partners: [manual('contoso', { approvers: [STAFF.lia, STAFF.gro], notify: 'digest' })] }),
    );
    await submitted(portal.deps, 'lia@contoso.com');
    await send(at('2026-05-06T09:00'));
    await putPolicy(portal, policy);
    expect(await recipients()).toEqual(['gro@contoso.com']);
  });
});

describe('a flood of requests', () => {
  test('becomes 20 mails and one summary an hour for a person, whoever sends them', async () => {
    const flood = Array.from({ length: 25 }, () =>
      aRequest({ partner: 'lia', state: 'pending', due_at: null }),
    );
    for (const [number, request] of flood.entries()) {
      await insertARequest(db(), { ...request, address: `flood.${number}@lia.com` });
      await queueNotice(db(), 'waiting', request.id);
    }
    await Promise.all([send(), send(), send()]);
    expect(await mails()).toHaveLength(20);
    await send();
    expect(await mails()).toHaveLength(20);
    await makeDue();
    await send();
    const [summary, ...rest] = (await mails()).slice(20);
    expect(rest).toEqual([]);
    expect(summary?.subject).toBe('25 requests are waiting for your approval');
    expect(summary?.text).toContain('Partner lia: 25 requests');
  });
});

describe('whoever asked for access', () => {
  const denied = async (email: string, reason: string) => {
    const request = await submitted(portal.deps, email);
    await db().deleteFrom('notice').execute();
    await decide(portal.deps, accessFor(portal.deps), request.id, {
      action: 'deny',
      version: request.version,
      reason,
      note: 'A known troublemaker',
    });
    await send();
    return request;
  };

  test("is told of a denial, with the reviewer's reason and the status page, and not of the note", async () => {
    await denied('no@lia.com', 'We work with Fabrikam through its head office.\nPlease ask there.');
    const [mail, ...rest] = await mails();
    expect(rest).toEqual([]);
    expect(mail).toMatchObject({ to: ['no@lia.com'], subject: 'Your request for access to Contoso' });
    expect(mail?.text).toContain('We work with Fabrikam through its head office.\nPlease ask there.');
    for (const body of [mail?.text, mail?.html]) {
      expect(body).toMatch(/http:\/\/localhost:3000\/requests\/[\w-]{22}/);
      expect(body).toContain('partners@contoso.com');
      expect(body).not.toContain('troublemaker');
    }
  });

  test("reads it in the partner's language", async () => {
    await denied('nej@swedish.com', 'Nej');
    expect(await mails()).toMatchObject([{ subject: 'Din ansökan om åtkomst hos Contoso' }]);
  });

  test('markup and line breaks in a reason stay text', async () => {
    await denied('markup@lia.com', '<a href="https://evil.com">Click</a>\r\nBcc: eve@evil.com\r\n.\r\nQUIT');
    const [mail, ...rest] = await mails();
    expect(rest).toEqual([]);
    expect(mail?.to).toEqual(['markup@lia.com']);
    expect(mail?.html).toContain('&lt;a href=');
    expect(mail?.html).not.toContain('<a href="https://evil.com"');
    expect(mail?.text).toContain('QUIT');
  });

  test('gets no mail about what the policy refuses', async () => {
    await submitted(portal.deps, 'ana@competitor.com');
    await send();
    expect(await mails()).toEqual([]);
  });

  test.each([
    ['a new guest, with the invitation', 'new@lia.com', '/redeem?'],
    ['a guest of old, who gets no invitation', 'old@lia.com', 'has given your guest account the access'],
  ])('is told once that the request was approved: %s', async (_, email, text) => {
    if (email.startsWith('old')) {
      await portal.tenant.addUser({ mail: email, displayName: 'Old', userType: 'Guest', accepted: true });
    }
    const request = await submitted(portal.deps, email);
    await db().deleteFrom('notice').execute();
    await decide(portal.deps, accessFor(portal.deps), request.id, {
      action: 'approve',
      version: request.version,
    });
    await workOn(portal.deps, request.id);
    await send();
    const [mail, ...rest] = await mails();
    expect(rest).toEqual([]);
    expect(mail?.text).toContain('Your request for access has been approved.');
    expect(mail?.text).toContain(text);
    expect(mail?.html).toContain('Your request for access has been approved.');
  });

  test('who was invited at once is not told of an approval', async () => {
    const request = await submitted(portal.deps, 'fast@quick.com');
    await workOn(portal.deps, request.id);
    expect((await mails())[0]?.text).not.toContain('approved');
  });

  test('is told when the policy refuses what a person had approved', async () => {
    const request = await submitted(portal.deps, 'turn@lia.com');
    await db().deleteFrom('notice').execute();
    await decide(portal.deps, accessFor(portal.deps), request.id, {
      action: 'approve',
      version: request.version,
    });
    await putPolicy(portal, { ...policy, deny: { domains: ['lia.com'] }, partners: [] });
    await workOn(portal.deps, request.id);
    await send();
    await putPolicy(portal, policy);
    expect(await mails()).toMatchObject([{ to: ['turn@lia.com'] }]);
  });
});

describe('nobody is told twice', () => {
  test('by several senders at once', async () => {
    for (let number = 0; number < 10; number++) await submitted(portal.deps, `p${number}@both.com`);
    await Promise.all([send(), send(), send(), send()]);
    expect(await recipients()).toEqual([
      ...Array<string>(10).fill('gro@contoso.com'),
      ...Array<string>(10).fill('lia@contoso.com'),
    ]);
    const attempts = await db().selectFrom('notice').select('attempts').distinct().execute();
    expect(attempts).toEqual([{ attempts: 1 }]);
  });

  test('after a sender died between noting the mail and recording that it was sent', async () => {
    const { id } = await submitted(portal.deps, 'died@swedish.com');
    await db().updateTable('notice').set({ recipient: STAFF.lia }).execute();
    const claimed = await claimNotice(db(), 600, ['waiting', 'denied', 'digest']);
    if (!claimed || !(await beginNotice(db(), claimed))) throw new Error('not claimed');
    await send();
    expect(await statesOf(id)).toEqual(['sending']);
    await letLeasesRunOut();
    await send();
    await send();
    expect(await statesOf(id)).toEqual(['unconfirmed']);
    expect(await mails()).toEqual([]);
  });

  test('after a sender died before that: the mail goes out', async () => {
    const { id } = await submitted(portal.deps, 'early@lia.com');
    await db().updateTable('notice').set({ recipient: STAFF.lia }).execute();
    await claimNotice(db(), 600, ['waiting', 'denied', 'digest']);
    await letLeasesRunOut();
    await send();
    expect(await statesOf(id)).toEqual(['sent']);
    expect(await mails()).toHaveLength(1);
  });

  test('by a sender that was thought dead: whoever has taken the notice over has it alone', async () => {
    await submitted(portal.deps, 'slow@lia.com');
    const slow = await claimNotice(db(), 600, ['waiting', 'denied', 'digest']);
    await letLeasesRunOut();
    const next = await claimNotice(db(), 600, ['waiting', 'denied', 'digest']);
    expect(slow && (await beginNotice(db(), slow))).toBe(false);
    expect(next && (await beginNotice(db(), next))).toBe(true);
  });

  test('when what was sent cannot be recorded', async () => {
    const { id } = await submitted(portal.deps, 'unrecorded@lia.com');
    await sql`alter table audit_event add constraint no_notices check (action not like 'notice.%') not valid`.execute(
      db(),
    );
    await send();
    await makeDue();
    await send();
    expect(await statesOf(id)).toEqual(['sending']);
    await sql`alter table audit_event drop constraint no_notices`.execute(db());
    await letLeasesRunOut();
    await send();
    expect(await statesOf(id)).toEqual(['unconfirmed']);
    expect(await mails()).toHaveLength(1);
  });

  test.each(['before', 'after'])(
    'when the connection breaks %s the server has taken the mail',
    async (when) => {
      const { id } = await submitted(portal.deps, `${when}@lia.com`);
      await portal.tenant.fault({ on: 'smtp', fault: { kind: 'drop', when } });
      await send();
      await makeDue();
      await send();
      expect(await statesOf(id)).toEqual(['unconfirmed']);
      expect(await mails()).toHaveLength(when === 'after' ? 1 : 0);
    },
  );
});

const letLeasesRunOut = () =>
  db()
    .updateTable('notice')
    .set({ lease_until: sql<Date>`now() - interval '1 second'` })
    .execute();

describe('faults', () => {
  test('a recipient whom the server refuses fails, and the others are told', async () => {
    const { id } = await submitted(portal.deps, 'refused@both.com');
    await portal.tenant.fault({
      on: 'smtp',
      fault: { kind: 'refuse', code: 550, message: 'No such mailbox' },
    });
    await send();
    expect((await statesOf(id)).sort()).toEqual(['failed', 'sent']);
    expect(await mails()).toHaveLength(1);
  });

  test('what cannot be sent for a day is given up', async () => {
    const { id } = await submitted(portal.deps, 'given.up@lia.com');
    await portal.tenant.fault({
      on: 'smtp',
      times: 0,
      fault: { kind: 'refuse', code: 451, message: 'Later' },
    });
    await sendPatiently();
    expect(await statesOf(id)).toEqual(['waiting']);
    await db()
      .updateTable('notice')
      .set({ created_at: sql<Date>`now() - interval '25 hours'`, due_at: new Date(0) })
      .where('recipient', '=', STAFF.lia)
      .execute();
    await send();
    expect(await statesOf(id)).toEqual(['failed']);
  });

  test.each([
    ['is down', { kind: 'status', status: 503 }],
    ['throttles', { kind: 'status', status: 429, headers: { 'Retry-After': '0' } }],
  ])('a directory that %s postpones the mail', async (name, fault) => {
    const { id } = await submitted(portal.deps, `${name.replace(' ', '.').replace(' ', '.')}@lia.com`);
    await portal.tenant.fault({ on: 'graph', method: 'GET', path: '^/users/', fault });
    await send();
    expect(await mails()).toEqual([]);
    await makeDue();
    await waitFor('the mail', async () => {
      await send();
      return (await statesOf(id))[0] === 'sent';
    });
    expect(await mails()).toHaveLength(1);
  });

  const errorsAbout = (id: string) =>
    portal.logged().filter(({ level, requestId }) => level === 'error' && requestId === id);
  const refusedBy = (status: number, code: string) => ({
    kind: 'status',
    status,
    body: { error: { code, message: 'no' } },
  });

  test.each([
    ['forbids', 403, 'Authorization_RequestDenied'],
    ['rejects', 400, 'Request_BadRequest'],
  ])(
    'where the directory %s to look approvers up, the reviewers are told at once',
    async (name, ...answer) => {
      const { id } = await submitted(portal.deps, `${name}@lia.com`);
      const other = await submitted(portal.deps, `${name}@unnamed.com`);
      const fault = refusedBy(...answer);
      await portal.tenant.fault({ on: 'graph', method: 'GET', path: '^/users/', times: 0, fault });
      await sendPatiently();
      expect(await recipients()).toEqual(['desk@contoso.com', 'desk@contoso.com']);
      expect(await statesOf(id)).toEqual(['sent']);
      expect(await statesOf(other.id)).toEqual(['sent']);
      expect(errorsAbout(id)).toHaveLength(1);
    },
  );

  test('where it forbids to look up some of the approvers, the others are told', async () => {
    const { id } = await submitted(portal.deps, 'some@both.com');
    const fault = refusedBy(403, 'Authorization_RequestDenied');
    await portal.tenant.fault({ on: 'graph', method: 'GET', path: `^/users/${STAFF.gro}`, times: 0, fault });
    await portal.tenant.fault({ on: 'graph', method: 'GET', path: '^/groups/', times: 0, fault });
    await sendPatiently();
    expect(await recipients()).toEqual(['lia@contoso.com']);
    expect(errorsAbout(id)).toHaveLength(1);
  });

  test('where approvers could not be looked up for a day, the reviewers are told', async () => {
    const { id } = await submitted(portal.deps, 'day@lia.com');
    const fault = { kind: 'status', status: 503 };
    await portal.tenant.fault({ on: 'graph', method: 'GET', path: '^/users/', times: 0, fault });
    await sendPatiently();
    expect(await statesOf(id)).toEqual(['waiting']);
    await db()
      .updateTable('notice')
      .set({ created_at: sql<Date>`now() - interval '25 hours'`, due_at: new Date(0) })
      .execute();
    await sendPatiently();
    await sendPatiently();
    expect(await recipients()).toEqual(['desk@contoso.com']);
    expect(errorsAbout(id)).toHaveLength(1);
  });

  test('a mailbox that takes nothing for now holds up nobody else', async () => {
    const { id } = await submitted(portal.deps, 'full@both.com');
    await portal.tenant.fault({ on: 'smtp', fault: { kind: 'refuse', code: 452, message: 'Full' } });
    await sendPatiently();
    expect((await statesOf(id)).sort()).toEqual(['sent', 'waiting']);
    expect(await mails()).toHaveLength(1);
  });

  test('a directory that is down holds up no mail that needs no directory', async () => {
    const { id } = await submitted(portal.deps, 'down@lia.com');
    const refused = await submitted(portal.deps, 'down@both.com');
    await decide(portal.deps, accessFor(portal.deps), refused.id, {
      action: 'deny',
      version: refused.version,
      reason: 'No',
    });
    const fault = { kind: 'status', status: 503 };
    await portal.tenant.fault({ on: 'graph', method: 'GET', path: '^/users/', times: 0, fault });
    await sendPatiently();
    expect(await recipients()).toEqual(['down@both.com']);
    expect(await statesOf(id)).toEqual(['waiting']);
  });

  test('audit events name the request and the kind, and neither they, the store nor the log an address', async () => {
    const { id } = await submitted(portal.deps, 'audit@both.com');
    await portal.tenant.fault({
      on: 'smtp',
      fault: { kind: 'refuse', code: 550, message: '<gro@contoso.com> is unknown' },
    });
    await send();
    const events = await db()
      .selectFrom('audit_event')
      .select(['actor', 'action', 'detail'])
      .where('request_id', '=', id)
      .where('action', 'like', 'notice.%')
      .orderBy('action')
      .execute();
    expect(events).toMatchObject([
      {
        actor: 'portal',
        action: 'notice.failed',
        detail: { kind: 'waiting', count: 1, problem: 'mailRefused' },
      },
      { actor: 'portal', action: 'notice.sent', detail: { kind: 'waiting', count: 1 } },
    ]);
    const kept = JSON.stringify([
      events,
      await db().selectFrom('notice').selectAll().execute(),
      portal.logged(),
    ]);
    expect(kept).not.toMatch(/(lia|gro|desk|audit)@/);
  });
});

describe('a mail server that is down', () => {
  let relay: Relay;
  let site: TestPortal;

  beforeAll(async () => {
    relay = await reservePort();
    site = await startPortal({
      policy,
      env: { SMTP_URL: `smtp://127.0.0.1:${relay.port}` },
      limits: { backoffSeconds: 0.1 },
    });
  });
  afterAll(async () => {
    await site.close();
    await relay.close();
  });

  test('holds up no decision, and the mail arrives when it is back', async () => {
    const request = await submitted(site.deps, 'ana@lia.com');
    await decide(site.deps, accessFor(site.deps), request.id, {
      action: 'deny',
      version: request.version,
      reason: 'No',
    });
    const mailed = async () => (await site.tenant.mailsTo('ana@lia.com')).length;
    await waitFor('an attempt in vain', async () =>
      (await findNotices(site.deps.store.db, request.id)).some(
        ({ kind, attempts, problem }) =>
          kind === 'denied' && attempts > 1 && problem?.code === 'mailUnavailable',
      ),
    );
    expect(await mailed()).toBe(0);
    await relay.open(Number(new URL(site.tenant.smtpUrl).port));
    await waitFor('the mail', async () => (await mailed()) === 1);
  });
});

test('without a mail server nobody is written to, and nothing piles up', async () => {
  const site = await startPortal({ policy, smtp: false, worker: false });
  const { id } = await submitted(site.deps, 'ana@lia.com');
  await sendDueNotices(site.deps, { now: MORNING });
  expect(await findNotices(site.deps.store.db, id)).toMatchObject([
    { state: 'skipped', problem: { code: 'noMailer' } },
  ]);
  await site.close();
});

type Relay = { port: number; open(target: number): Promise<void>; close(): Promise<void> };

/** A port at which nobody listens until it is opened towards another one. */
async function reservePort(): Promise<Relay> {
  const listen = async (server: Server, port: number) => {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
  };
  const free = createServer();
  await listen(free, 0);
  const { port } = free.address() as AddressInfo;
  await new Promise((resolve) => free.close(resolve));
  let server: Server | null = null;
  return {
    port,
    async open(target) {
      server = createServer((socket) => {
        const onward = connect(target, '127.0.0.1');
        socket.pipe(onward).pipe(socket);
        socket.on('error', () => onward.destroy());
        onward.on('error', () => socket.destroy());
      });
      await listen(server, port);
    },
    async close() {
      if (!server) return;
      server.close();
      await once(server, 'close');
    },
  };
}
