import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import supertest from 'supertest';
import { parseAddress } from '../../../src/policy/address.js';
import { aPartner, aPolicy } from '../../support/aPolicy.js';
import { faultsOf, textOf, valueOf } from '../../support/page.js';
import { startPortal, type TestPortal } from '../../support/portal.js';
import { FORM } from '../../support/visitor.js';
import en from '../../../locales/en/public.json' with { type: 'json' };

type Vector = { address: string; expect: 'allow' | 'deny' | 'reject'; why: string };
const vectors = JSON.parse(
  readFileSync(new URL('../../policy/addresses.vectors.json', import.meta.url), 'utf8'),
) as { cases: Vector[] };
const MESSAGES = en.form.fault;

let portal: TestPortal;

beforeAll(async () => {
  portal = await startPortal({
    worker: false,
    terms:
      '# Terms\n\nBe **kind**, see [ours](https://contoso.com/terms) or [bad](javascript:alert(1)).\n\n3. <b>one</b>\n',
    policy: aPolicy({
      portal: { organization: 'Contoso', contact: 'partners@contoso.com', terms: 'terms.md' },
      partners: [aPartner({ domains: ['contoso.com', '*.fabrikam.com'] })],
    }),
  });
});
afterAll(() => portal.close());

const requests = () => portal.deps.store.db.selectFrom('request').selectAll().execute();
const requestOf = async (address: string) => (await requests()).find((row) => row.address === address);

/** Signs up with these fields and returns what the summary says. */
async function faultsAfter(fields: Record<string, unknown>) {
  const answer = await portal.visitor().signUp({ email: 'ana@contoso.com', ...fields });
  expect(answer.status).toBe(422);
  return faultsOf(answer.text);
}

describe('the form', () => {
  test('asks for the address alone', async () => {
    const { status, text, headers } = await portal.visitor().get('/');
    expect(status).toBe(200);
    expect(headers['content-type']).toBe('text/html; charset=utf-8');
    expect(text).toMatch(/<label [^>]*for="email"/);
    expect(valueOf(text, 'email')).toBe('');
    expect(text).not.toMatch(/name="(firstName|lastName|company|reason|terms)"/);
  });

  test('has a label for each input of the second step, the terms, and no fault', async () => {
    const { status, text } = await portal.visitor().sendAddress('ana@contoso.com');
    expect(status).toBe(200);
    expect(valueOf(text, 'email')).toBe('ana@contoso.com');
    for (const field of ['firstName', 'lastName', 'company', 'reason', 'terms']) {
      expect(text).toMatch(new RegExp(`<label [^>]*for="${field}"`));
      expect(text).toMatch(new RegExp(`id="${field}" name="${field}"`));
    }
    expect(text).toContain('href="/terms"');
    expect(faultsOf(text)).toEqual([]);
    expect(text).not.toContain('aria-invalid');
    // Whatever describes a field is there.
    const ids = [...text.matchAll(/aria-describedby="([^"]*)"/g)].flatMap(([, ids = '']) => ids.split(' '));
    for (const id of ids) expect(text).toContain(`id="${id}"`);
  });

  test('sets one cookie, that of its token', async () => {
    const { headers } = await portal.visitor().get('/');
    expect(headers['set-cookie']).toEqual([
      expect.stringMatching(/^portal\.csrf=[^;]+; Path=\/; HttpOnly; SameSite=Lax$/),
    ]);
  });

  test.each(['/sign-up', '/sign-up?email=eve', '/sign-up/address'])('GET %s leads to it', async (path) => {
    await portal.visitor().get(path).expect(303).expect('Location', '/');
  });

  test('comes in the language that the browser prefers', async () => {
    const ask = async (language: string) => {
      const { text, headers } = await portal.visitor().get('/', { 'Accept-Language': language });
      expect(headers.vary).toContain('Accept-Language');
      return /<html lang="(\w+)"/.exec(text)?.[1];
    };
    expect(await Promise.all(['sv-SE,en;q=0.5', 'de-AT', 'fr, de;q=0.4', 'fr', '*', 'x'].map(ask))).toEqual([
      'sv',
      'de',
      'de',
      'en',
      'en',
      'en',
    ]);
  });
});

describe('an address', () => {
  test.each(vectors.cases.filter((one) => one.expect === 'reject'))(
    '1.5.3 $address is refused with the message for it ($why)',
    async ({ address }) => {
      const parsed = parseAddress(address);
      if (parsed.ok) throw new Error('The parser takes it');
      const answer = await portal.visitor().signUp({ email: address, company: 'Über & "Söhne"' });
      expect(answer.status).toBe(422);
      expect(faultsOf(answer.text)).toEqual([['email', MESSAGES.email[parsed.fault]]]);
      expect(answer.text).toMatch(
        /id="email"[^>]*aria-describedby="email-hint email-fault"\s+aria-invalid=true/,
      );
      expect(answer.text).toContain('id="email-fault"');
      expect(valueOf(answer.text, 'email')).toBe(address);
      expect(valueOf(answer.text, 'company')).toBe('Über & "Söhne"');
      expect(valueOf(answer.text, 'reason')).toBe(FORM.reason);
    },
  );

  test('that is refused leaves no request', async () => {
    expect(await requests()).toEqual([]);
  });

  const LOOK_ALIKES = /evil-contoso|contoso\.com\.|fabrikam\.com\.|evil-fabrikam|contoso\.comm|contos0|xn--/;
  const denied = vectors.cases.filter((one) => one.expect === 'deny');

  test.each(denied.filter(({ address }) => LOOK_ALIKES.test(address)))(
    '$address is refused as a look-alike, and nothing is recorded ($why)',
    async ({ address }) => {
      const answer = await portal.visitor().signUp({ email: address });
      expect(answer.status).toBe(422);
      expect(faultsOf(answer.text)).toEqual([['email', MESSAGES.email.lookAlike]]);
      expect(valueOf(answer.text, 'email')).toBe(address);
      expect(await requestOf(address)).toBeUndefined();
    },
  );

  test.each(denied.filter(({ address }) => !LOOK_ALIKES.test(address)))(
    '$address ends on a page with a reason and a contact ($why)',
    async ({ address }) => {
      const visitor = portal.visitor();
      const page = await visitor.get(await visitor.apply({ email: address }));
      expect(page.status).toBe(200);
      expect(textOf(page.text)).toContain(
        "Your organisation isn't on Contoso's list of partners. If it should be, write to partners@contoso.com",
      );
      expect(page.text).toContain('mailto:partners@contoso.com');
      expect(page.text).not.toMatch(/fabrikam\.com\*|\*\.fabrikam|unlisted/);
    },
  );

  test('of a competitor or a private mailbox is told so, and not by which rule', async () => {
    const visitor = portal.visitor();
    const read = async (email: string) => textOf((await visitor.get(await visitor.apply({ email }))).text);
    expect(await read('eve@competitor.com')).toContain("Contoso doesn't give access to this organisation");
    expect(await read('eve@gmail.com')).toContain('This is a personal email address');
  });

  test.each(vectors.cases.filter((one) => one.expect === 'allow'))(
    '$address is taken ($why)',
    async ({ address }) => {
      await portal.visitor().apply({ email: ` ${address} ` });
      expect((await requestOf(address.trim().toLowerCase()))?.state).toBe('queued');
    },
  );

  test('with a + is answered with the plain one to choose, which the server works out anew', async () => {
    const visitor = portal.visitor();
    const offered = await visitor.signUp({ email: 'plus+crm@contoso.com' });
    expect(offered.status).toBe(422);
    expect(textOf(offered.text)).toContain('Continue with plus@contoso.com');
    // The Enter key presses the first button, which must not be the one that takes another address.
    expect(/<button[^>]*>/.exec(offered.text)?.[0]).not.toContain('useSuggestion');

    const taken = await visitor.signUp({
      email: 'plus+crm@contoso.com',
      useSuggestion: 'yes',
      suggestion: 'eve@contoso.com',
    });
    expect(taken.status).toBe(303);
    expect(await requestOf('plus@contoso.com')).toBeDefined();
    expect(await requestOf('eve@contoso.com')).toBeUndefined();
  });

  test('that was chosen stays chosen when another field is at fault', async () => {
    const answer = await portal
      .visitor()
      .signUp({ email: 'plus+crm@contoso.com', useSuggestion: 'yes', company: '' });
    expect(faultsOf(answer.text)).toEqual([['company', MESSAGES.company.missing]]);
    expect(valueOf(answer.text, 'email')).toBe('plus@contoso.com');
  });
});

describe('what is sent', () => {
  test('empty or blank fields are asked for, each by its own message, in one summary that takes the focus', async () => {
    const blank = { email: ' ', firstName: '', lastName: '  ', company: '\n', reason: '\r\n', terms: '' };
    const answer = await portal.visitor().signUp(blank);
    expect(answer.status).toBe(422);
    expect(faultsOf(answer.text)).toEqual([
      ['email', MESSAGES.email.missing],
      ['firstName', MESSAGES.firstName.missing],
      ['company', MESSAGES.company.missing],
      ['reason', MESSAGES.reason.missing],
      ['terms', MESSAGES.terms.missing],
    ]);
    expect(answer.text.match(/role="alert"/g)).toHaveLength(1);
    expect(answer.text).toMatch(/role="alert" aria-labelledby="summary-title" tabindex="-1" autofocus/);
    expect(answer.text).toContain(
      '<title>Fix 5 things to continue: Tell us about yourself – Contoso</title>',
    );
    for (const [field] of faultsOf(answer.text)) expect(answer.text).toContain(`id="${field}-fault"`);
  });

  test('fields that are absent count as empty', async () => {
    const visitor = portal.visitor();
    const answer = await visitor.postRaw('/sign-up', { _csrf: await visitor.csrf() });
    expect(answer.status).toBe(422);
    expect(faultsOf(answer.text)).toHaveLength(5);
  });

  test('15.3.7 repeated fields are refused, and neither value is taken', async () => {
    const repeated = {
      email: ['a@contoso.com', 'b@contoso.com'],
      firstName: ['A', 'B'],
      terms: ['yes', 'no'],
    };
    expect(await faultsAfter(repeated)).toEqual([
      ['email', MESSAGES.email.missing],
      ['firstName', MESSAGES.firstName.missing],
      ['terms', MESSAGES.terms.missing],
    ]);
  });

  test('15.3.3 fields that the form does not have change nothing', async () => {
    await portal.visitor().apply({
      email: 'over@contoso.com',
      approved: 'true',
      state: 'provisioned',
      'groups[]': '22222222-0000-4000-8000-000000000006',
      groups: 'roleAssignable',
      partner: 'northwind',
      id: '00000000-0000-4000-8000-000000000000',
      address: 'eve@evil.com',
      __proto__: 'x',
      'constructor[prototype][state]': 'x',
      hasOwnProperty: 'x',
    });
    const row = await requestOf('over@contoso.com');
    expect(row).toMatchObject({ state: 'queued', partner: 'fabrikam', guest_id: null });
    expect(row?.decision.grants.groups.map(({ key }) => key)).toEqual(['partners', 'crm']);
  });

  test.each([
    ['<b>Ana</b>', 'name'],
    ['https://evil.com', 'name'],
    ['www.evil.com', 'link'],
    ['Call 070-123 45 67', 'phone'],
    ['Call +46 70 123 45 67', 'name'],
    ['ana@evil.com', 'name'],
    ['{{organization}}', 'name'],
    ['=HYPERLINK(1)', 'name'],
    ['Ana\r\nBcc: eve@evil.com', 'character'],
    ['Ana\u0000', 'character'],
    ['Ana\u202egnp', 'character'],
  ] as const)('the name %j is refused', async (firstName, code) => {
    const message = MESSAGES.text[code];
    expect(await faultsAfter({ firstName, lastName: firstName })).toEqual([
      ['firstName', message],
      ['lastName', message],
    ]);
  });

  test.each(['Åsa-Märta', 'O’Neil', "D'Angelo Jr.", '李 小龍', 'J. R. R.', 'Nguyễn', 'M.Kumar', 'مهدی‌زاده'])(
    'the name %s is taken as it is',
    async (firstName) => {
      const email = `name${Buffer.from(firstName).toString('hex')}@contoso.com`;
      await portal.visitor().apply({ email, firstName });
      expect((await requestOf(email))?.first_name).toBe(firstName);
    },
  );

  test('text that is too long is refused with the length allowed, and kept', async () => {
    const long = { firstName: 'a'.repeat(65), company: 'b'.repeat(101), reason: 'c'.repeat(1001) };
    const answer = await portal.visitor().signUp({ email: 'ana@contoso.com', ...long });
    expect(faultsOf(answer.text)).toEqual([
      ['firstName', 'Shorten this to 64 characters or fewer'],
      ['company', 'Shorten this to 100 characters or fewer'],
      ['reason', 'Shorten this to 1000 characters or fewer'],
    ]);
    expect(valueOf(answer.text, 'reason')).toBe(long.reason);
  });

  test('1.2.1 markup in what is typed comes back escaped', async () => {
    const markup = '"><script>alert(1)</script>';
    const answer = await portal
      .visitor()
      .signUp({ email: markup, firstName: markup, company: markup, reason: `</textarea>${markup}` });
    expect(answer.status).toBe(422);
    expect(answer.text).not.toContain('<script>');
    expect(answer.text.match(/<\/textarea>/g)).toHaveLength(1);
    expect(valueOf(answer.text, 'company')).toBe(markup);
    expect(valueOf(answer.text, 'reason')).toBe(`</textarea>${markup}`);
  });
});

describe('the terms', () => {
  const hashShown = async () =>
    /id="terms" name="terms" value="(\w+)"/.exec(
      (await portal.visitor().sendAddress('ana@contoso.com')).text,
    )?.[1];

  test('can be read: lists, emphasis and links, but neither markup nor scripts', async () => {
    const { text } = await portal.visitor().get('/terms').expect(200);
    expect(text).toContain('<strong>kind</strong>');
    expect(text).toContain('<a href="https://contoso.com/terms" rel="noopener">ours</a>');
    expect(text).toContain('<ol start="3">');
    expect(text).toContain('&lt;b&gt;one&lt;/b&gt;');
    expect(text).not.toContain('href="javascript:');
  });

  test('are stored with the request: which text, and when', async () => {
    const hash = await hashShown();
    expect(hash).toMatch(/^[0-9a-f]{64}$/);
    await portal.visitor().apply({ email: 'terms@contoso.com', terms: hash });
    const row = await requestOf('terms@contoso.com');
    expect(row?.terms_hash).toBe(hash);
    expect(Math.abs(Date.now() - (row?.terms_accepted_at?.getTime() ?? 0))).toBeLessThan(60_000);
  });

  test('that have changed since the form was opened are asked for again', async () => {
    const before = await hashShown();
    await writeFile(join(dirname(portal.policyFile), 'terms.md'), '# New terms\n\nBe kinder.\n');
    await portal.deps.policy.reload();
    const after = await hashShown();
    expect(after).not.toBe(before);
    const answer = await portal.visitor().signUp({ email: 'late@contoso.com', terms: before });
    expect(faultsOf(answer.text)).toEqual([['terms', MESSAGES.terms.changed]]);
    expect(answer.text).not.toMatch(/id="terms"[^>]*checked/);
    await portal.visitor().apply({ email: 'late@contoso.com', terms: after });
    expect((await requestOf('late@contoso.com'))?.terms_hash).toBe(after);
  });
});

describe('a body that is no form', () => {
  const post = (type: string, body: string | Buffer) =>
    supertest(portal.url).post('/sign-up').set('Content-Type', type).send(body);

  test.each([
    ['1 MB', 'application/x-www-form-urlencoded', `reason=${'x'.repeat(1_000_000)}`, 413],
    ['51 fields', 'application/x-www-form-urlencoded', 'a=1&'.repeat(51), 413],
    ['an unknown charset', 'application/x-www-form-urlencoded; charset=utf-7', 'email=a', 415],
    ['JSON', 'application/json', '{"email":"ana@contoso.com"}', 415],
    ['broken JSON', 'application/json', '{', 415],
    ['multipart', 'multipart/form-data; boundary=x', '--x\r\n\r\n--x--', 415],
    ['plain text', 'text/plain', 'email=ana@contoso.com', 415],
  ])('%s is answered with a page that says so', async (_, type, body, status) => {
    const answer = await post(type, body);
    expect(answer.status).toBe(status);
    expect(textOf(answer.text)).toContain(status === 413 ? en.error.tooLarge.text : en.error.malformed.text);
    expect(answer.headers['content-security-policy']).toContain("default-src 'self'");
  });
});
