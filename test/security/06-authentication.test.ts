import { readFile } from 'node:fs/promises';
import { sql } from 'kysely';
import { idTokenChanges } from '../../simulator/faults.js';
import { aPartner, aPolicy } from '../support/aPolicy.js';
import { PARTNER_PEOPLE, proseware } from '../support/partnerPeople.js';
import { startPortal, type TestPortal } from '../support/portal.js';
import { ageProof, otherThan, proofMailTo, tokenIn } from '../support/proofMail.js';
import { newcomer, SIGN_IN_FLOWS, startSignInPortal } from '../support/signInFlows.js';
import { answerFrom } from '../support/staff.js';
import type { Visitor } from '../support/visitor.js';
import { waitFor } from '../support/waitFor.js';
import { contentsOf } from './walk.js';

// OWASP ASVS 5.0.0, chapters 6, 9 and 10: who somebody is, by a code, a link or a token, and what a stranger learns of others.

let portal: TestPortal;

beforeAll(async () => {
  portal = await startPortal({
    policy: aPolicy({
      partners: [
        aPartner(),
        aPartner({ id: 'wingtip', name: 'Wingtip Toys', domains: ['wingtiptoys.com'], proof: 'mailbox' }),
        proseware(),
      ],
    }),
    env: { TRUST_PROXY: '1' },
  });
});
afterAll(() => portal.close());

const db = () => portal.deps.store.db;
const requestsOf = (address: string) =>
  db().selectFrom('request').selectAll().where('address', '=', address).orderBy('created_at').execute();

describe('6.3.8 what a stranger learns of a mailbox', () => {
  /** An answer without what differs from one asking to the next whoever asks. */
  const shape = (text: string, email: string, path = '') =>
    text
      .replaceAll(email, 'ADDRESS')
      .replaceAll(path === '' ? 'TOKEN' : tokenIn(path), 'TOKEN')
      .replace(/name="_csrf" value="[^"]*"/g, '')
      .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME')
      .replace(/(<time [^>]*>)[^<]*</g, '$1TIME<')
      .replace(/data-\w+="\d+"/g, '');

  test.each(['fabrikam.com', 'wingtiptoys.com', 'proseware.com'])(
    '6.3.8 at %s the answer to a post, and the page that it leads to, are the same for every address',
    async (domain) => {
      const known: Record<string, object | null> = {
        nobody: null,
        member: { userType: 'Member' },
        accepted: { userType: 'Guest', accepted: true },
        invited: { userType: 'Guest' },
        blocked: { userType: 'Guest', accountEnabled: false },
      };
      const answers: Record<string, string[]> = {};
      for (const [name, user] of Object.entries(known)) {
        const email = `${name}@${domain}`;
        if (user) await portal.tenant.addUser({ mail: email, displayName: 'Somebody', ...user });
        const visitor = newcomer(portal);
        const posted = await visitor.signUp({ email });
        const path = String(posted.headers.location);
        expect([email, posted.status, path]).toEqual([
          email,
          303,
          expect.stringMatching(/^\/requests\/[\w-]{22}$/),
        ]);
        const stranger = newcomer(portal);
        const settled = domain === 'fabrikam.com' ? 'answered' : 'unproven';
        await waitFor(
          `${email} to be dealt with`,
          async () => (await stranger.status(path)).status === settled,
        );
        const headers = Object.keys(posted.headers as object)
          .filter((name) => name !== 'date')
          .sort();
        answers[name] = [
          `${posted.text.replaceAll(tokenIn(path), 'TOKEN')} ${headers.join()}`,
          shape((await stranger.get(path)).text, email, path),
          shape((await stranger.get(path, { Accept: 'application/json' })).text, email, path),
        ];
      }
      for (const [name, answer] of Object.entries(answers)) {
        expect([name, answer]).toEqual([name, answers.nobody]);
      }
    },
  );

  test('6.3.8 nor does a resend of a known one differ, nor a second post', async () => {
    const told: string[][] = [];
    for (const email of ['nobody@fabrikam.com', 'member@fabrikam.com', 'accepted@fabrikam.com']) {
      const visitor = newcomer(portal);
      const posted = await visitor.signUp({ email });
      const path = String(posted.headers.location);
      await waitFor(
        `${email} to be dealt with`,
        async () => (await visitor.status(path)).status === 'answered',
      );
      const _csrf = await visitor.csrf();
      const resent = await visitor.postRaw(`${path}/resend`, { _csrf });
      told.push([
        String(posted.status),
        String(resent.status),
        shape((await visitor.get(path)).text, email, path),
      ]);
    }
    for (const answers of told) expect(answers).toEqual(told[0]);
  });
});

describe('6.5 and 6.6 codes and links', () => {
  let people = 0;
  /** Somebody who has sent the form, and the mail that they got. */
  async function begun() {
    const email = `person${++people}@wingtiptoys.com`;
    const visitor = newcomer(portal);
    const path = await visitor.apply({ email });
    return { email, visitor, path, ...(await proofMailTo(portal, email)) };
  }
  const enter = (visitor: Visitor, path: string, code: string) =>
    visitor.post(`/verify/code/${tokenIn(path)}`, { code }, { from: path });
  const press = (visitor: Visitor, link: string) => visitor.post(link, {}, { from: link });
  const stateOf = async (email: string) => (await requestsOf(email)).map(({ state }) => state);

  test('6.5.1 a code counts once, and a link counts once', async () => {
    const byCode = await begun();
    expect((await enter(byCode.visitor, byCode.path, byCode.code)).status).toBe(303);
    const _csrf = await byCode.visitor.csrf();
    const again = await byCode.visitor.postRaw(`/verify/code/${tokenIn(byCode.path)}`, {
      _csrf,
      code: byCode.code,
    });
    expect(again.status).toBe(409);
    const linkAfter = await newcomer(portal).get(byCode.link);
    expect([404, 410]).toContain(linkAfter.status);

    const byLink = await begun();
    expect((await press(newcomer(portal), byLink.link)).status).toBe(303);
    const stranger = newcomer(portal);
    const used = await stranger.postRaw(byLink.link, { _csrf: await stranger.csrf() });
    expect([404, 410]).toContain(used.status);
    const events = await db()
      .selectFrom('audit_event')
      .select('request_id')
      .where('action', '=', 'request.proven')
      .execute();
    expect(new Set(events.map(({ request_id }) => request_id)).size).toBe(events.length);
  });

  test('6.5.1 fifty parallel posts of the right code are one proof', async () => {
    const { email, visitor, path, code } = await begun();
    const _csrf = await visitor.csrf(path);
    const at = `/verify/code/${tokenIn(path)}`;
    const answers = await Promise.all(Array.from({ length: 50 }, () => visitor.postRaw(at, { _csrf, code })));
    expect(answers.filter(({ status }) => status === 303)).toHaveLength(1);
    const [request] = await requestsOf(email);
    const { rows } = await sql`
      select 1 from audit_event where request_id = ${request?.id} and action = 'request.proven'`.execute(
      db(),
    );
    expect(rows).toHaveLength(1);
  });

  test('6.5.2 neither is stored or logged: the code sealed, the link as a hash', async () => {
    const { code, link } = await begun();
    const secret = link.split('/').at(-1) ?? '';
    expect(Buffer.from(secret, 'base64url').length).toBeGreaterThanOrEqual(16);
    const { rows } = await sql<{ row: string }>`select c::text as row from challenge as c`.execute(db());
    const { rows: notices } = await sql<{ row: string }>`select n::text as row from notice as n`.execute(
      db(),
    );
    const stored = [...rows, ...notices].map(({ row }) => row).join();
    expect(stored).not.toContain(secret);
    expect(rows.map(({ row }) => row).join()).not.toMatch(new RegExp(`\\b${code}\\b`));
    const logged = JSON.stringify(portal.logged());
    expect(logged).not.toContain(secret);
    expect(logged).not.toMatch(new RegExp(`\\b${code}\\b`));
  });

  test('6.5.3 codes are drawn evenly by a generator for secrets', async () => {
    const source = await readFile('src/requests/prove/secrets.ts', 'utf8');
    expect(source).toMatch(/randomInt\(/);
    expect(source).not.toMatch(/Math\.random/);
    const codes = [(await begun()).code, (await begun()).code, (await begun()).code];
    expect(new Set(codes).size).toBe(3);
    for (const code of codes) expect(code).toMatch(/^\d{6}$/);
  });

  test('6.5.5 both live ten minutes', async () => {
    expect(portal.deps.limits.codeSeconds).toBe(600);
    const early = await begun();
    await ageProof(portal, early.path, 590);
    expect((await enter(early.visitor, early.path, early.code)).status).toBe(303);
    const late = await begun();
    await ageProof(portal, late.path, 601);
    expect((await enter(late.visitor, late.path, late.code)).status).toBe(422);
    const stranger = newcomer(portal);
    const link = await stranger.postRaw(late.link, { _csrf: await stranger.csrf() });
    expect([404, 410]).toContain(link.status);
    expect(await stateOf(late.email)).toEqual(['unproven']);
  });

  test('6.6.2 a code is bound to its request, and to the browser that sent the form', async () => {
    const [mine, theirs] = [await begun(), await begun()];
    expect((await enter(mine.visitor, mine.path, theirs.code)).status).toBe(422);
    // Somebody else who has the page and even the code.
    const thief = newcomer(portal);
    const _csrf = await thief.csrf();
    const stolen = await thief.postRaw(`/verify/code/${tokenIn(theirs.path)}`, { _csrf, code: theirs.code });
    expect(stolen.status).toBe(422);
    expect(await stateOf(mine.email)).toEqual(['unproven']);
    expect(await stateOf(theirs.email)).toEqual(['unproven']);
    expect((await enter(theirs.visitor, theirs.path, theirs.code)).status).toBe(303);
  });

  test('6.6.3 five tries, however many come at once; then the right code is worth nothing', async () => {
    const { email, visitor, path, code } = await begun();
    const _csrf = await visitor.csrf(path);
    const at = `/verify/code/${tokenIn(path)}`;
    const tries = Array.from({ length: 50 }, (_, n) =>
      visitor.postRaw(at, { _csrf, code: otherThan(code, n + 1) }),
    );
    expect((await Promise.all(tries)).filter(({ status }) => status === 303)).toEqual([]);
    expect((await visitor.postRaw(at, { _csrf, code })).status).toBe(422);
    expect(await stateOf(email)).toEqual(['unproven']);
    const { rows } = await sql<{ left: number }>`
      select tries_left as left from challenge join request on request.id = request_id
      where address = ${email}`.execute(db());
    expect(rows).toEqual([{ left: 0 }]);
  });

  test('6.6.3 four wrong tries leave a fifth', async () => {
    const { visitor, path, code } = await begun();
    for (let n = 1; n <= 4; n++) expect((await enter(visitor, path, otherThan(code, n))).status).toBe(422);
    expect((await enter(visitor, path, code)).status).toBe(303);
  });

  test.each([
    '',
    ' ',
    '12345',
    '1234567',
    'abcdef',
    '１２３４５６',
    '000000\n',
    "' or 1=1--",
    'null',
    '1e5',
    '0x1F40',
  ])('6.6.3 what is no code (%j) is none', async (code) => {
    const { visitor, path, email } = await begun();
    expect((await enter(visitor, path, code)).status).toBe(422);
    const at = `/verify/code/${tokenIn(path)}`;
    const repeated = await visitor.post(at, { code: ['1', '2'] }, { from: path });
    expect(repeated.status).toBe(422);
    expect(await stateOf(email)).toEqual(['unproven']);
  });

  test('6.6.4 opening the link, as mail scanners do, uses nothing up', async () => {
    const { link, email } = await begun();
    const before = await contentsOf(db());
    for (let count = 0; count < 5; count++) expect((await newcomer(portal).get(link)).status).toBe(200);
    expect(await contentsOf(db())).toEqual(before);
    expect((await press(newcomer(portal), link)).status).toBe(303);
    expect(await stateOf(email)).not.toContain('unproven');
  });
});

describe('6.8, 9.1, 9.2 tokens of an identity provider', () => {
  let door: TestPortal;
  beforeAll(async () => {
    door = await startSignInPortal();
  });
  afterAll(() => door.close());
  afterEach(async () => {
    await door.tenant.clearFaults();
    await sql`delete from session`.execute(door.deps.store.db);
    await sql`update request set state = 'denied', due_at = null`.execute(door.deps.store.db);
  });

  describe.each(SIGN_IN_FLOWS)('for %s', (_who, flow) => {
    test.each(idTokenChanges)(
      '9.1.1-9.2.4 a token that is bad (%s): 401, a page, a log line, no session',
      async (change) => {
        const visitor = newcomer(door);
        await door.tenant.fault({ on: 'signIn', fault: { kind: 'idToken', change } });
        const back = await visitor.get(await flow.answer(door, visitor));
        // A good token of a personal account is understood, and refused in words.
        expect(back.status).toBe(change === 'personalAccount' && flow.everyTenant ? 403 : 401);
        expect(back.text).toContain('<h1');
        expect(door.logged().slice(-8)).toContainEqual(expect.objectContaining({ level: 'warn' }));
        await flow.expectNothing(door, visitor);
      },
    );

    test('10.2.1 a state counts once, in the browser that began, and nowhere else', async () => {
      const visitor = newcomer(door);
      const path = await flow.answer(door, visitor);
      expect((await newcomer(door).get(path)).status).toBe(401);
      await flow.expectNothing(door, newcomer(door));
      expect((await visitor.get(path)).status).toBe(303);
      expect((await visitor.get(path)).status).toBe(401);
    });
  });

  test.each([
    ['mallory', 'pia@proseware.com', 'a claimed mail address of another tenant (nOAuth)'],
    ['max', 'pia@proseware.com', 'a claimed mail address that nobody vouches for'],
    ['gus', 'gus@proseware.com', 'a guest of the right tenant'],
    ['ana', 'pia@proseware.com', 'somebody of another tenant'],
    ['pia', 'per.olof.berg@proseware.com', 'somebody else of the right tenant'],
  ] as const)('6.8.1 %s does not prove %s: %s', async (...[name, email]) => {
    const visitor = newcomer(door);
    const path = await visitor.apply({ email });
    const begin = `/verify/tenant/${tokenIn(path)}`;
    const back = await visitor.get(await answerFrom(visitor, door.tenant, PARTNER_PEOPLE[name], begin));
    expect([401, 403]).toContain(back.status);
    const { rows } = await sql`select state, proof from request where state <> 'denied'`.execute(
      door.deps.store.db,
    );
    expect(rows).toEqual([{ state: 'unproven', proof: null }]);
  });

  test('6.8.4 a proof makes nobody staff', async () => {
    const visitor = newcomer(door);
    const path = await visitor.apply({ email: 'pia@proseware.com' });
    const begin = `/verify/tenant/${tokenIn(path)}`;
    const back = await visitor.get(await answerFrom(visitor, door.tenant, PARTNER_PEOPLE.pia, begin));
    expect(back.status).toBe(303);
    expect((await visitor.get('/admin')).status).toBe(303);
  });
});
