import { sql } from 'kysely';
import { aPartner, aPolicy } from '../../support/aPolicy.js';
import { faultsOf, textOf, valueOf } from '../../support/page.js';
import { startPortal, type TestPortal } from '../../support/portal.js';
import { FORM } from '../../support/visitor.js';
import en from '../../../locales/en/public.json' with { type: 'json' };

// Email first: the policy answers before anything else is asked. What was typed is never lost.

let portal: TestPortal;

beforeAll(async () => {
  portal = await startPortal({
    worker: false,
    env: { TRUST_PROXY: '1' },
    policy: aPolicy({
      partners: [
        aPartner(),
        aPartner({ id: 'wingtip', name: 'Wingtip', domains: ['wingtiptoys.com'], proof: 'mailbox' }),
      ],
      deny: { consumer: true, disposable: true, domains: ['competitor.com'] },
    }),
  });
});
afterAll(() => portal.close());

let client = 0;
const person = (ip = `198.51.100.${client++}`) => portal.visitor({ 'X-Forwarded-For': ip });
const requestOf = (address: string) =>
  portal.deps.store.db.selectFrom('request').selectAll().where('address', '=', address).executeTakeFirst();
const hidden = (html: string, name: string) =>
  new RegExp(`<input type="hidden"[^>]* name="${name}" value="([^"]*)"`).exec(html)?.[1];

const TYPED = {
  firstName: 'Ana',
  lastName: 'Lind',
  company: 'Fabrikam & "Söhne"',
  reason: 'Orders,\nand invoices',
};

describe('the first step', () => {
  test('leads to the second, which has the address and asks for the rest', async () => {
    const visitor = person();
    const { status, text } = await visitor.sendAddress(' Ana@Fabrikam.com ');
    expect(status).toBe(200);
    expect(valueOf(text, 'email')).toBe('ana@fabrikam.com');
    expect(text).toContain('<h1>Tell us about yourself</h1>');
    expect(await requestOf('ana@fabrikam.com')).toBeUndefined();
  });

  test.each(['eve@competitor.com', 'eve@gmail.com', 'eve@unlisted.example.com'])(
    'answers %s with what the status page says after the whole form, and records it',
    async (email) => {
      const visitor = person();
      const answer = await visitor.sendAddress(email);
      expect([answer.status, answer.headers.location]).toEqual([303, expect.stringMatching(/^\/requests\//)]);
      const early = await visitor.get(answer.headers.location ?? '');
      const late = await visitor.get(await person().apply({ email }));
      expect(textOf(early.text)).toContain("We can't give you access");
      const verdict = (html: string) =>
        textOf(/<div id="verdict"[\s\S]*?<div id="progress"/.exec(html)?.[0] ?? '');
      expect(verdict(early.text)).toBe(verdict(late.text));
      const recorded = portal.deps.store.db.selectFrom('request').selectAll().where('address', '=', email);
      expect(await recorded.where('reason', '=', '').executeTakeFirst()).toMatchObject({ state: 'denied' });
    },
  );

  test('says what is wrong with an address, and keeps what was typed in the second', async () => {
    const { status, text } = await person().sendAddress('ana@fabr1kam.com', TYPED);
    expect(status).toBe(422);
    expect(faultsOf(text)).toEqual([['email', en.form.fault.email.lookAlike]]);
    expect(hidden(text, 'company')).toBe('Fabrikam &amp; &#34;Söhne&#34;');
    const taken = await person().sendAddress('ana@fabr1kam.com', { ...TYPED, useSuggestion: 'yes' });
    expect([taken.status, valueOf(taken.text, 'email')]).toEqual([200, 'ana@fabrikam.com']);
    expect(valueOf(taken.text, 'company')).toBe(TYPED.company);
    expect(valueOf(taken.text, 'reason')).toBe(TYPED.reason);
  });

  test('comes back with everything at the press of Change', async () => {
    const { status, text } = await person().sendAddress('ana@fabrikam.com', { ...TYPED, change: 'yes' });
    expect([status, valueOf(text, 'email')]).toEqual([200, 'ana@fabrikam.com']);
    expect(hidden(text, 'firstName')).toBe('Ana');
    expect(text).toContain('action="/sign-up/address"');
  });

  test('and the second are counted once, for one form', async () => {
    const ip = '192.0.2.77';
    const visitor = person(ip);
    await sql`insert into rate_limit (key, points, expire) values (${`client:${ip}`}, 119, ${Date.now() + 300_000})`.execute(
      portal.deps.store.db,
    );
    const second = await visitor.sendAddress('once@fabrikam.com');
    expect(second.status).toBe(200);
    const counted = hidden(second.text, 'counted') ?? '';
    const _csrf = hidden(second.text, '_csrf') ?? '';
    const send = (receipt: string) =>
      visitor.postRaw('/sign-up', { ...FORM, email: 'once@fabrikam.com', _csrf, counted: receipt });
    expect((await send(counted)).status).toBe(303);
    expect((await send(counted)).status).toBe(429);
    expect((await send('made-up')).status).toBe(429);
    expect((await visitor.sendAddress('twice@fabrikam.com')).status).toBe(429);
  });
});

describe('what was typed is in the form again', () => {
  const fields = { ...TYPED, email: 'ana@fabrikam.com' };
  const expectFilled = (text: string) => {
    for (const [name, value] of Object.entries(fields)) expect(valueOf(text, name)).toBe(value);
    expect(text).toContain('action="/sign-up"');
  };

  test('after a token that is no longer valid, with one that is', async () => {
    const visitor = person();
    const { status, text } = await visitor.postRaw('/sign-up', { ...fields, _csrf: 'old' });
    expect(status).toBe(403);
    expectFilled(text);
    expect(textOf(text)).toContain(en.form.sendAgain);
    const again = await visitor.postRaw('/sign-up', {
      ...FORM,
      ...fields,
      _csrf: hidden(text, '_csrf') ?? '',
    });
    expect(again.status).toBe(303);
  });

  test('after a text that is much too long, to be shortened', async () => {
    const reason = 'word '.repeat(15_000);
    const { status, text } = await person().signUp({ ...fields, reason });
    expect(status).toBe(413);
    expect(textOf(text)).toContain(en.error.tooLarge.text);
    expect(valueOf(text, 'company')).toBe(fields.company);
    expect(valueOf(text, 'reason')).toHaveLength(20_000);
  });

  test('after too many requests from a network', async () => {
    const ip = '192.0.2.78';
    await sql`insert into rate_limit (key, points, expire) values (${`client:${ip}`}, 120, ${Date.now() + 300_000})`.execute(
      portal.deps.store.db,
    );
    const { status, text, headers } = await person(ip).signUp(fields);
    expect([status, Number(headers['retry-after']) > 200]).toEqual([429, true]);
    expectFilled(text);
  });

  test('but programs that ask for JSON get JSON', async () => {
    const visitor = portal.visitor({ Accept: 'application/json' });
    const answer = await visitor.postRaw('/sign-up', fields);
    expect(answer.status).toBe(403);
    expect(answer.body).toMatchObject({ error: { id: 'staleForm' } });
  });

  test('in another language, at the press of a button', async () => {
    const visitor = person();
    const before = await requestOf(fields.email);
    const { status, text } = await visitor.post('/sign-up', { ...fields, terms: 'yes', lang: 'sv' });
    expect(status).toBe(200);
    expect(text).toContain('<html lang="sv"');
    expectFilled(text);
    const first = await visitor.post('/sign-up/address', { ...fields, lang: 'de' });
    expect(first.text).toContain('<html lang="de"');
    expect(valueOf(first.text, 'email')).toBe(fields.email);
    expect((await visitor.get('/')).text).toContain('<html lang="de"');
    expect(await requestOf(fields.email)).toEqual(before);
  });
});

test('in Chinese the name of the family comes first', async () => {
  const namesIn = async (lang: string) => {
    const { text } = await person().post('/sign-up/address', { ...TYPED, email: 'ana@fabrikam.com', lang });
    const form = await person().post('/sign-up', { ...TYPED, email: 'ana@fabrikam.com', lang });
    return [...`${text}${form.text}`.matchAll(/id="(firstName|lastName)"/g)].map(([, name]) => name);
  };
  expect(await namesIn('zh-Hant')).toEqual(['lastName', 'firstName']);
  expect(await namesIn('de')).toEqual(['firstName', 'lastName']);
});

describe('a wrong address', () => {
  test('is typed again, and nothing else, in the browser that sent the form', async () => {
    const visitor = person();
    const page = await visitor.apply({ ...TYPED, email: 'wrong@wingtiptoys.com' });
    const link = /href="(\/\?again=[\w-]{22})"/.exec((await visitor.get(page)).text)?.[1] ?? '';
    const { text } = await visitor.get(link);
    expect(valueOf(text, 'email')).toBe('');
    expect(hidden(text, 'firstName')).toBe('Ana');
    const stranger = await person().get(link);
    expect([stranger.status, hidden(stranger.text, 'firstName')]).toEqual([200, undefined]);
  });

  test('shows a second browser nothing of what the first one typed', async () => {
    await person().apply({ ...TYPED, email: 'both@wingtiptoys.com' });
    const other = person();
    const page = await other.apply({ email: 'both@wingtiptoys.com', firstName: 'Bo' });
    const { text } = await other.get(`/?again=${page.slice(-22)}`);
    expect(hidden(text, 'firstName')).toBeUndefined();
  });
});
