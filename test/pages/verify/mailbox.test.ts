import type { RequestState } from '../../../src/store/schema.js';
import { requestAt } from '../../support/ageRequest.js';
import { aPartner, aPolicy } from '../../support/aPolicy.js';
import { invitationsOf, signUpUntil } from '../../support/journey.js';
import { comparable, textOf } from '../../support/page.js';
import { startPortal, type TestPortal } from '../../support/portal.js';
import {
  ageProof,
  eventsOf,
  otherThan,
  proofMailTo,
  tokenIn,
  type ProofMail,
} from '../../support/proofMail.js';
import type { Visitor } from '../../support/visitor.js';
import { waitFor } from '../../support/waitFor.js';

let portal: TestPortal;

beforeAll(async () => {
  portal = await startPortal({
    env: { TRUST_PROXY: '1' },
    policy: aPolicy({
      partners: [
        aPartner(),
        aPartner({ id: 'wingtip', name: 'Wingtip Toys', domains: ['wingtiptoys.com'], proof: 'mailbox' }),
        aPartner({
          id: 'litware',
          name: 'Litware',
          domains: ['litware.com'],
          proof: 'mailbox',
          approval: 'manual',
        }),
      ],
    }),
  });
});
afterAll(() => portal.close());

const db = () => portal.deps.store.db;
const codePath = (path: string) => `/verify/code/${tokenIn(path)}`;
const challengeOf = async (path: string) =>
  db()
    .selectFrom('challenge')
    .selectAll()
    .where('request_id', '=', (await requestAt(portal, path)).id)
    .executeTakeFirstOrThrow();

let people = 0;
/** Each at home behind an address of their own, so that they do not share what one client may post. */
const somebody = (headers = {}) =>
  portal.visitor({ 'X-Forwarded-For': `10.0.${++people >> 8}.${people & 255}`, ...headers });
const anAddress = (domain = 'wingtiptoys.com') => `person${++people}@${domain}`;

/** Somebody who has sent the form and got the mail. */
async function asked(
  email = anAddress(),
): Promise<ProofMail & { visitor: Visitor; path: string; email: string }> {
  const visitor = somebody();
  const path = await visitor.apply({ email });
  return { visitor, path, email, ...(await proofMailTo(portal, email)) };
}

const enter = (visitor: Visitor, path: string, code: unknown) =>
  visitor.post(codePath(path), { code }, { from: '/' });
const press = (visitor: Visitor, link: string) => visitor.post(link, {}, { from: link });
const again = (visitor: Visitor, path: string) => visitor.post(`${codePath(path)}/again`, {}, { from: '/' });

/** Another page of the same request. */
async function expectPageOf(location: unknown, path: string): Promise<void> {
  expect(location).toMatch(/^\/requests\/[\w-]{22}$/);
  expect(location).not.toBe(path);
  expect((await requestAt(portal, String(location))).id).toBe((await requestAt(portal, path)).id);
}

/** A page without what is in the nature of each: tokens, times and addresses. */
const normalised = (html: string, email: string, path: string) =>
  html
    .replaceAll(email, 'ADDRESS')
    .replaceAll(tokenIn(path), 'TOKEN')
    .replace(/name="_csrf"(?: type="hidden")? value="[^"]+"/g, 'CSRF')
    .replace(/\b[0-9A-Z]{4}-[0-9A-Z]{4}\b/g, 'REFERENCE')
    .replace(/data-wait="\d+"/g, 'WAIT')
    .replace(
      /\d{4}-\d\d-\d\dT[\d:.]+Z|\d+ \w{3} \d{4}, \d\d:\d\d|\w{3} \d+, \d{4}, \d+:\d\d\s[AP]M/g,
      'TIME',
    );

describe('after the form', () => {
  test('a mail with a link and a code goes out, and nobody is invited', async () => {
    const email = anAddress();
    const typed = { firstName: 'Ana', lastName: 'Quux', company: 'Xyzzy AB', reason: 'Frobnicate' };
    const path = await somebody().apply({ email, ...typed });
    const { mail, code, link } = await proofMailTo(portal, email);
    expect(mail.subject).toBe('Confirm your address for Contoso');
    expect(mail.to).toEqual([email]);
    expect(mail.text).toContain('Hello Ana,');
    expect(mail.text).toContain(`http://localhost:3000${link}\n`);
    expect(mail.html).toContain(`href="http://localhost:3000${link}"`);
    expect(mail.html).toContain(code);
    expect(textOf(mail.html)).toContain('valid for 10 minutes');
    expect(`${mail.subject}${mail.text}${mail.html}`).not.toMatch(/Quux|Xyzzy|Frobnicate/);
    expect(mail.text).not.toContain(tokenIn(path));
    expect((await somebody().status(path)).status).toBe('unproven');
    expect(await invitationsOf(portal, email)).toEqual([]);
  });

  test.each([
    ['sv', 'Bekräfta din adress hos Contoso', 'Hej Ana!', 'i 10 minuter'],
    ['de', 'Bestätigen Sie Ihre Adresse für Contoso', 'Guten Tag Ana,', '10 Minuten lang'],
  ])('the mail is in the language of the form (%s)', async (language, subject, greeting, valid) => {
    const email = anAddress();
    await somebody({ 'Accept-Language': language }).apply({ email });
    const { mail } = await proofMailTo(portal, email);
    expect(mail.subject).toBe(subject);
    expect(mail.text).toContain(greeting);
    expect(mail.text).toContain(valid);
  });

  test('6.5.2 neither the store nor the log holds the code or the link', async () => {
    const { path, code, link, visitor } = await asked();
    await enter(visitor, path, otherThan(code));
    await press(somebody(), link);
    const tables = ['challenge', 'notice', 'request', 'audit_event'] as const;
    const rows = await Promise.all(tables.map((table) => db().selectFrom(table).selectAll().execute()));
    const kept = JSON.stringify([rows, portal.logged()]);
    expect(kept).not.toContain(link.split('/').at(-1));
    expect(kept).not.toMatch(new RegExp(`\\b${code}\\b|\\b${otherThan(code)}\\b`));
  });

  test('the page asks for the code as phones expect it, follows by itself, and reloads nothing', async () => {
    const { visitor, path } = await asked();
    const { text } = await visitor.get(path);
    expect(text).toMatch(/<input[^>]* inputmode="numeric"\s+autocomplete="one-time-code"/);
    expect(text).toContain('data-moving="true"');
    expect(text).not.toContain('http-equiv="refresh"');
    expect(textOf(text)).toContain('Enter it here, or open the link in the email.');
    expect(textOf(text)).toContain('You can ask for a new email in 5 minutes.');
  });
});

describe('the code', () => {
  test('proves the mailbox in the browser that sent the form, and the guest is invited', async () => {
    const { visitor, path, email, code } = await asked();
    const answer = await enter(visitor, path, code);
    expect([answer.status, answer.headers.location]).toEqual([303, path]);
    await signUpUntil(portal, 'provisioned', email, path);
    expect(await invitationsOf(portal, email)).toHaveLength(1);
    const { id, proof } = await requestAt(portal, path);
    const { browser_hash } = await challengeOf(path);
    expect(proof).toMatchObject({ kind: 'mailbox', browser: Buffer.from(browser_hash).toString('hex') });
    expect(await eventsOf(portal, id)).toEqual(
      expect.arrayContaining(['request.submitted', 'notice.sent', 'request.proven', 'request.provisioned']),
    );
  });

  test.each([
    ['spaces', (code: string) => ` ${code.slice(0, 3)} ${code.slice(3)} `],
    ['a no-break space', (code: string) => `${code.slice(0, 3)}\u00a0${code.slice(3)}`],
    ['a hyphen', (code: string) => `${code.slice(0, 3)}-${code.slice(3)}`],
    ['a dash', (code: string) => `${code.slice(0, 3)}–${code.slice(3)}`],
  ])('may be typed with %s', async (_, typed) => {
    const { visitor, path, code } = await asked();
    expect((await enter(visitor, path, typed(code))).status).toBe(303);
  });

  test.each([
    ['nothing', ''],
    ['letters', 'abcdef'],
    ['too few digits', '12345'],
    ['too many digits', '1234567'],
    ['digits of another script', '١٢٣٤٥٦'],
    ['a number', '1e5000'],
    ['several', ['123456', '123456']],
    ['a huge text', '1'.repeat(20_000)],
  ])('is no code when it is %s: that costs no try', async (_, typed) => {
    const { visitor, path, code } = await asked();
    const answer = await enter(visitor, path, typed);
    expect(answer.status).toBe(422);
    expect(textOf(answer.text)).toContain('Enter the 6-digit code from the email.');
    expect((await challengeOf(path)).tries_left).toBe(5);
    expect((await enter(visitor, path, code)).status).toBe(303);
  });

  test('6.6.3 dies after five wrong tries; the link stays with whoever reads the mailbox', async () => {
    const { visitor, path, code, link } = await asked();
    const answers = [];
    for (let by = 1; by <= 5; by++) answers.push(await enter(visitor, path, otherThan(code, by)));
    answers.push(await enter(visitor, path, code));
    expect(answers.map(({ status }) => status)).toEqual([422, 422, 422, 422, 422, 422]);
    expect(textOf(answers[0]?.text ?? '')).toContain('open the link in it. You have 4 tries left.');
    expect(textOf(answers[3]?.text ?? '')).toContain('You have one try left.');
    expect(textOf(answers[5]?.text ?? '')).toContain('You have no tries left for this code.');
    // Asking for a new mail too early gives no tries back.
    await again(visitor, path);
    expect((await visitor.get(path)).text).not.toContain('name="code"');
    const { id, state } = await requestAt(portal, path);
    expect(state).toBe('unproven');
    expect((await eventsOf(portal, id)).filter((action) => action === 'proof.failed')).toHaveLength(1);
    expect((await press(somebody(), link)).status).toBe(303);
  });

  test('6.6.3 is compared five times at most when fifty wrong ones come at once', async () => {
    const { visitor, path, code } = await asked();
    const _csrf = await visitor.csrf(path);
    const from = portal.logged().length;
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, by) =>
        visitor.postRaw(codePath(path), { _csrf, code: otherThan(code, by + 1) }),
      ),
    );
    expect(answers.filter(({ status }) => status !== 422)).toEqual([]);
    const refused = portal
      .logged()
      .slice(from)
      .filter(({ msg }) => msg === 'code refused');
    expect(refused.filter(({ fault }) => fault === 'wrong')).toHaveLength(4);
    expect(refused.filter(({ fault }) => fault === 'usedUp')).toHaveLength(46);
    const { id } = await requestAt(portal, path);
    expect((await eventsOf(portal, id)).filter((action) => action === 'proof.failed')).toHaveLength(1);
    expect((await enter(visitor, path, code)).status).toBe(422);
  });

  test('6.5.1 makes one proof, one job and one invitation when the right one comes fifty times at once', async () => {
    const { visitor, path, email, code } = await asked();
    const _csrf = await visitor.csrf(path);
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => visitor.postRaw(codePath(path), { _csrf, code })),
    );
    expect(answers.filter(({ status }) => status === 303)).toHaveLength(1);
    expect(answers.filter(({ status }) => ![303, 409, 422].includes(status))).toEqual([]);
    await signUpUntil(portal, 'provisioned', email, path);
    const { id } = await requestAt(portal, path);
    expect((await eventsOf(portal, id)).filter((action) => action === 'request.proven')).toHaveLength(1);
    expect(await invitationsOf(portal, email)).toHaveLength(1);
  });

  test('6.6.2 counts in no other browser, which can use up no tries of the first', async () => {
    const { visitor, path, code, email } = await asked();
    const stranger = somebody();
    await stranger.apply({ email });
    for (const typed of [otherThan(code), otherThan(code, 2), code]) {
      for (const other of [stranger, somebody()]) {
        const answer = await enter(other, path, typed);
        expect(answer.status).toBe(422);
        expect(textOf(answer.text)).toContain(
          "That code isn't right. Check the newest email, or open the link in it.",
        );
      }
    }
    const { id, state } = await requestAt(portal, path);
    expect([state, (await challengeOf(path)).tries_left]).toEqual(['unproven', 5]);
    expect(await eventsOf(portal, id)).not.toContain('proof.failed');
    expect(textOf((await enter(visitor, path, otherThan(code))).text)).toContain('You have 4 tries left');
    expect((await enter(visitor, path, code)).status).toBe(303);
  });

  test('is not compared with what fifty browsers type, and those are not all remembered', async () => {
    const { visitor, path, code } = await asked();
    const { id } = await requestAt(portal, path);
    const strangers = Array.from({ length: 50 }, somebody);
    const answers = await Promise.all(strangers.map((stranger) => enter(stranger, path, code)));
    expect(answers.map(({ status }) => status)).toEqual(strangers.map(() => 422));
    expect((await challengeOf(path)).tries_left).toBe(5);
    // The first browser is forgotten by now; what its code has left is not.
    expect((await enter(visitor, path, otherThan(code))).status).toBe(422);
    expect((await challengeOf(path)).tries_left).toBe(4);
    const known = db().selectFrom('challenge_browser').select('browser_hash').where('request_id', '=', id);
    expect((await known.execute()).length).toBe(20);
    expect((await enter(visitor, path, code)).status).toBe(303);
  });

  test.each([
    ['sv', 'Koden stämmer inte. Kolla i det senaste mejlet'],
    ['de', 'Der Code stimmt nicht. Sehen Sie in der neuesten E-Mail nach'],
  ])('that does not do is answered in %s', async (language, words) => {
    const { path, code } = await asked();
    const stranger = somebody({ 'Accept-Language': language });
    expect(textOf((await enter(stranger, path, code)).text)).toContain(words);
  });

  test('6.6.2 of one request opens no other, not even put into its place', async () => {
    const email = anAddress();
    const mine = await asked(email);
    const visitor = mine.visitor;
    const other = await visitor.apply({ email: anAddress() });
    await waitFor('the other mail', async () => (await challengeOf(other)).sealed_code);
    const { sealed_code } = await challengeOf(mine.path);
    await db()
      .updateTable('challenge')
      .set({ sealed_code })
      .where('request_id', '=', (await requestAt(portal, other)).id)
      .execute();
    expect((await enter(visitor, other, mine.code)).status).toBe(422);
  });

  test('6.5.5 counts for ten minutes', async () => {
    const { visitor, path, code } = await asked();
    await ageProof(portal, path, 590);
    expect((await visitor.get(path)).text).toContain('name="code"');
    await ageProof(portal, path, 11);
    expect(textOf((await visitor.get(path)).text)).toContain('they may have expired');
    const answer = await enter(visitor, path, code);
    expect(answer.status).toBe(422);
    expect(textOf(answer.text)).toContain(
      "That code isn't right, or it has expired. Ask for a new email below",
    );
    const young = await asked();
    await ageProof(portal, young.path, 590);
    expect((await enter(young.visitor, young.path, young.code)).status).toBe(303);
  });

  test('may be shown again by loading the page that refused it', async () => {
    const { visitor, path, code } = await asked();
    await enter(visitor, path, otherThan(code));
    const answer = await visitor.get(codePath(path));
    expect([answer.status, answer.headers.location]).toEqual([303, path]);
  });
});

describe('a request that waits for no code', () => {
  test.each<RequestState>([
    'pending',
    'queued',
    'provisioned',
    'denied',
    'failed',
    'held',
    'lapsed',
    'revoked',
  ])('2.3.1 because it is %s takes none, and sends no mail: 409', async (state) => {
    const { visitor, path, code, link, email } = await asked();
    await ageProof(portal, path, 301);
    const _csrf = await visitor.csrf(path);
    await db().updateTable('request').set({ state }).where('address', '=', email).execute();
    const [entered, asks, pressed] = [
      await visitor.postRaw(codePath(path), { _csrf, code }),
      await visitor.postRaw(`${codePath(path)}/again`, { _csrf }),
      await visitor.postRaw(link, { _csrf }),
    ];
    expect([entered.status, asks.status, pressed.status]).toEqual([409, 409, 410]);
    expect((await requestAt(portal, path)).state).toBe(state);
    expect(await portal.tenant.mailsTo(email)).toHaveLength(1);
  });

  test('because it has been proved just now shows where it stands: 409', async () => {
    const { visitor, path, code } = await asked(anAddress('litware.com'));
    const _csrf = await visitor.csrf(path);
    expect((await visitor.postRaw(codePath(path), { _csrf, code })).status).toBe(303);
    const second = await visitor.postRaw(codePath(path), { _csrf, code });
    expect(second.status).toBe(409);
    expect(textOf(second.text)).toContain('Awaiting approval');
    expect(second.text).not.toContain('name="code"');
  });

  test('because it was never asked for one: 409; because there is none: 404', async () => {
    const visitor = somebody();
    const path = await visitor.apply({ email: anAddress('fabrikam.com') });
    expect((await enter(visitor, path, '123456')).status).toBe(409);
    expect((await again(visitor, path)).status).toBe(409);
    const nowhere = `/requests/${'A'.repeat(22)}`;
    const _csrf = await visitor.csrf();
    expect((await visitor.postRaw(codePath(nowhere), { _csrf, code: '123456' })).status).toBe(404);
    expect((await visitor.postRaw(`${codePath(nowhere)}/again`, { _csrf })).status).toBe(404);
  });
});

describe('the link', () => {
  test('6.6.4 changes nothing when it is opened, however often, and by whomever', async () => {
    const { path, link, email, visitor } = await asked();
    const before = [await challengeOf(path), await requestAt(portal, path)];
    const scanner = somebody({ 'User-Agent': 'LinkScanner' });
    for (let times = 0; times < 5; times++) {
      const { status, text, headers } = await scanner.get(link);
      expect(status).toBe(200);
      expect(text).toContain(`<form class="card panel" method="post" action="${link}">`);
      expect(textOf(text)).toContain(
        `Ana Lind of Fabrikam has asked for access to Contoso with the address ${email}.`,
      );
      expect(textOf(text)).toContain("If this wasn't you, just close this page");
      expect(text).not.toContain('Orders in the CRM');
      expect(headers).toMatchObject({ 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' });
    }
    expect((await visitor.get(`${link}?utm=1`)).status).toBe(200);
    expect([await challengeOf(path), await requestAt(portal, path)]).toEqual(before);
  });

  test.each([
    ['sv', 'Ana Lind på Fabrikam har ansökt om åtkomst hos Contoso', 'Om det inte var du'],
    ['de', 'Ana Lind (Fabrikam) hat mit der Adresse', 'Wenn Sie das nicht waren'],
  ])('says in %s whom its button confirms', async (language, who, stranger) => {
    const { link } = await asked();
    const text = textOf((await somebody({ 'Accept-Language': language }).get(link)).text);
    expect(text).toContain(who);
    expect(text).toContain(stranger);
  });

  test('shows what was typed as it was typed', async () => {
    const email = anAddress();
    const typed = {
      firstName: 'Zoë',
      lastName: "O'Hara-Søn",
      company: '{{address}} $t(proof.anew) "A" & B',
    };
    await somebody().apply({ email, ...typed });
    const { link } = await proofMailTo(portal, email);
    const { text } = await somebody().get(link);
    expect(text).toContain('Zoë O&#39;Hara-Søn of {{address}} $t(proof.anew) &#34;A&#34; &amp; B has');
  });

  test('proves the mailbox by its button in any browser, and makes that browser known', async () => {
    const { path, link, email } = await asked();
    const phone = somebody();
    const answer = await press(phone, link);
    expect(answer.status).toBe(303);
    const mailed = String(answer.headers.location);
    await expectPageOf(mailed, path);
    await signUpUntil(portal, 'provisioned', email, path);
    expect((await phone.status(mailed)).status).toBe('provisioned');
    const { proof } = await requestAt(portal, path);
    expect(proof?.kind).toBe('mailbox');
    expect(proof?.browser).not.toBe(Buffer.from((await challengeOf(path)).browser_hash).toString('hex'));
    const used = await phone.get(link);
    expect(used.status).toBe(410);
    expect(used.text).toContain(`href="${mailed}"`);
    expect(textOf(used.text)).toContain("You've confirmed the address");
  });

  test('6.5.1 works once: a used one is to everybody else what an unknown one is', async () => {
    const { link, path, visitor, code } = await asked();
    await press(somebody(), link);
    const unknown = `/verify/link/${'A'.repeat(22)}`;
    const [used, none] = [await somebody().get(link), await somebody().get(unknown)];
    expect([used.status, none.status]).toEqual([410, 410]);
    expect(comparable(used.text)).toBe(comparable(none.text));
    expect(textOf(used.text)).toContain("This link doesn't work");
    const _csrf = await visitor.csrf();
    const pressed = [await visitor.postRaw(link, { _csrf }), await visitor.postRaw(unknown, { _csrf })];
    expect(pressed.map(({ status }) => status)).toEqual([410, 410]);
    // The code of the same mail is used up, too.
    expect((await visitor.postRaw(codePath(path), { _csrf, code })).status).toBe(409);
  });

  test('makes one proof when its button is pressed fifty times at once', async () => {
    const { link, path } = await asked();
    const phone = somebody();
    const _csrf = await phone.csrf(link);
    const answers = await Promise.all(Array.from({ length: 50 }, () => phone.postRaw(link, { _csrf })));
    expect(answers.filter(({ status }) => status === 303)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 410)).toHaveLength(49);
    const { id } = await requestAt(portal, path);
    expect((await eventsOf(portal, id)).filter((action) => action === 'request.proven')).toHaveLength(1);
  });

  test('6.5.5 is dead after ten minutes, and leads to where a new mail can be asked for', async () => {
    const { link, path } = await asked();
    await ageProof(portal, path, 601);
    const visitor = somebody();
    const _csrf = await visitor.csrf();
    for (const answer of [await visitor.get(link), await visitor.postRaw(link, { _csrf })]) {
      expect(answer.status).toBe(410);
      expect(textOf(answer.text)).toContain('This link has expired');
      const [, page = ''] = /href="(\/requests\/[^"]+)"/.exec(answer.text) ?? [];
      await expectPageOf(page, path);
      expect((await visitor.get(page)).text).toContain(`action="${codePath(page)}/again"`);
    }
    expect((await requestAt(portal, path)).state).toBe('unproven');
  });

  test.each([
    ['too short', 'abc'],
    ['too long', 'A'.repeat(23)],
    ['hostile', "'%20or%201=1--"],
    ['with markup', '%3Cscript%3E'],
    ['beyond ASCII', '%E2%84%AA'.repeat(22)],
  ])('does not work when it is %s', async (_, secret) => {
    const { status, text } = await somebody().get(`/verify/link/${secret}`);
    expect(status).toBe(410);
    expect(text).not.toContain(decodeURIComponent(secret));
  });
});

describe('another mail', () => {
  test('may be asked for after five minutes; the older code and link are dead then', async () => {
    const { visitor, path, email, code, link } = await asked();
    expect((await visitor.get(path)).text).not.toContain(`action="${codePath(path)}/again"`);
    expect((await again(visitor, path)).status).toBe(303);
    await ageProof(portal, path, 301);
    expect((await visitor.get(path)).text).toContain(`action="${codePath(path)}/again"`);
    const answer = await again(visitor, path);
    expect([answer.status, answer.headers.location]).toEqual([303, path]);
    const next = await proofMailTo(portal, email, 2);
    expect((await visitor.get(path)).text).not.toContain(`action="${codePath(path)}/again"`);
    expect(await portal.tenant.mailsTo(email)).toHaveLength(2);
    expect((await somebody().get(link)).status).toBe(410);
    if (next.code !== code) expect((await enter(visitor, path, code)).status).toBe(422);
    expect((await enter(visitor, path, next.code)).status).toBe(303);
  });

  test('gives a code that was guessed at too often back its tries, with another code', async () => {
    const { visitor, path, email, code } = await asked();
    for (let by = 1; by <= 5; by++) await enter(visitor, path, otherThan(code, by));
    await ageProof(portal, path, 301);
    await again(visitor, path);
    const next = await proofMailTo(portal, email, 2);
    expect((await enter(visitor, path, otherThan(next.code))).status).toBe(422);
    expect((await enter(visitor, path, next.code)).status).toBe(303);
  });

  test('may be asked for by anybody who has the page, but the code stays with the first browser', async () => {
    const { visitor, path, email } = await asked();
    await ageProof(portal, path, 301);
    const stranger = somebody();
    expect((await again(stranger, path)).status).toBe(303);
    const next = await proofMailTo(portal, email, 2);
    expect((await enter(stranger, path, next.code)).status).toBe(422);
    expect((await enter(visitor, path, next.code)).status).toBe(303);
  });

  test('is one when it is asked for ten times at once', async () => {
    const { visitor, path, email } = await asked();
    await ageProof(portal, path, 301);
    const _csrf = await visitor.csrf(path);
    await Promise.all(
      Array.from({ length: 10 }, () => visitor.postRaw(`${codePath(path)}/again`, { _csrf })),
    );
    await proofMailTo(portal, email, 2);
    const notices = db()
      .selectFrom('notice')
      .select('state')
      .where('request_id', '=', (await requestAt(portal, path)).id);
    await waitFor('both to be sent', async () =>
      (await notices.execute()).every(({ state }) => state === 'sent'),
    );
    expect(await notices.execute()).toHaveLength(2);
    expect(await portal.tenant.mailsTo(email)).toHaveLength(2);
  });
});

describe('whoever posts an address that somebody else has posted', () => {
  /** All that a browser gets to see which posts an address and makes every mistake there is. */
  async function everything(visitor: Visitor, email: string): Promise<unknown[]> {
    const path = await visitor.apply({ email });
    const told: unknown[] = [];
    const note = ({ status, text, headers }: Awaited<ReturnType<Visitor['get']>>) => {
      const location = headers.location === path ? 'the page' : headers.location;
      told.push([status, location, normalised(text, email, path)]);
    };
    const look = async () => {
      note(await visitor.get(path));
      const json = await visitor.status(path);
      told.push({ ...json, updatedAt: '', steps: json.steps.map((step) => ({ ...step, at: '' })) });
    };
    await look();
    const { code } = await proofMailTo(portal, email, 1);
    note(await enter(visitor, path, '12'));
    for (let by = 1; by <= 7; by++) note(await enter(visitor, path, otherThan(code, by)));
    await look();
    note(await again(visitor, path));
    await look();
    await ageProof(portal, path, 301);
    await look();
    note(await again(visitor, path));
    await look();
    note(await enter(visitor, path, '12'));
    note(await enter(visitor, path, otherThan(code)));
    await ageProof(portal, path, 601);
    note(await enter(visitor, path, otherThan(code)));
    await look();
    return told;
  }
  const alone = async () => everything(somebody(), anAddress());

  test.each([
    ['just now', 0],
    ['four minutes ago, and another mail waits', 240],
    ['six minutes ago', 360],
    ['twenty minutes ago', 1_200],
  ])('%s, gets the same pages and answers, byte for byte', async (_when, seconds) => {
    const { path, email } = await asked();
    await ageProof(portal, path, seconds);
    const second = await everything(somebody(), email);
    expect(second).toEqual(await alone());
    expect(second[0]).toEqual([200, undefined, expect.stringContaining('name="code"')]);
    expect((await requestAt(portal, path)).state).toBe('unproven');
  });

  test('gets the same as the first when that one has used up everything, and leaves it no trace', async () => {
    const { path, email, visitor, code } = await asked();
    for (let by = 1; by <= 6; by++) await enter(visitor, path, otherThan(code, by));
    const before = normalised((await visitor.get(path)).text, email, path);
    expect(await everything(somebody(), email)).toEqual(await alone());
    // The mails that somebody else asks for do not make the first browser wait.
    expect(normalised((await visitor.get(path)).text, email, path)).toBe(
      before.replace(/<p class="note" WAIT>[^<]*<\/p>/, () => againForm(path)),
    );
  });

  const againForm = (path: string) =>
    `<form method="post" action="${codePath(path).replace(tokenIn(path), 'TOKEN')}/again">
      <input type="hidden" CSRF />
      <button class="btn btn-outline-primary">Send a new email</button>
    </form>`;

  test('asks for a new mail where the last one is old, whose code is still that of the first', async () => {
    const { path, email, visitor, link } = await asked();
    await ageProof(portal, path, 301);
    await expectPageOf(await somebody().apply({ email }), path);
    const { code } = await proofMailTo(portal, email, 2);
    expect((await somebody().get(link)).status).toBe(410);
    expect((await enter(visitor, path, code)).status).toBe(303);
  });

  test('asks for none where one has gone just before', async () => {
    const { path, email } = await asked();
    const { id } = await requestAt(portal, path);
    for (let times = 0; times < 3; times++) await somebody().apply({ email });
    const notices = db().selectFrom('notice').select('id').where('request_id', '=', id);
    expect(await notices.execute()).toHaveLength(1);
  });

  test('sees what a browser sees that has only the page’s address, but for the wait', async () => {
    const { path, email, visitor } = await asked();
    const page = (await somebody().get(path)).text;
    expect(page).toContain('name="code"');
    expect(normalised(page, email, path)).toBe(
      normalised((await visitor.get(path)).text, email, path).replace(/<p class="note" WAIT>[^<]*<\/p>/, () =>
        againForm(path),
      ),
    );
  });
});

describe('somebody who posts an address that is not theirs', () => {
  test('can neither take over nor hold up its owner', async () => {
    const email = anAddress();
    const stranger = somebody();
    const path = await stranger.apply({ email });
    const owner = somebody();
    await expectPageOf(await owner.apply({ email }), path);
    const { code, link } = await proofMailTo(portal, email);
    for (let by = 1; by <= 6; by++) await enter(stranger, path, otherThan(code, by));
    await expectPageOf((await press(owner, link)).headers.location, path);
    await signUpUntil(portal, 'provisioned', email, path);
    expect((await portal.tenant.mailsTo(email)).filter(({ text }) => text.includes('/verify/'))).toHaveLength(
      1,
    );
  });

  test('sees the same page whether the mailbox has just been written to or not', async () => {
    const [free, busy] = [anAddress(), anAddress()];
    // The mailbox has just had an invitation.
    const earlier = await asked(busy);
    await press(somebody(), earlier.link);
    await signUpUntil(portal, 'provisioned', busy, earlier.path);
    const pages = [];
    for (const email of [free, busy]) {
      const visitor = somebody();
      const path = await visitor.apply({ email });
      const json = await visitor.status(path);
      const refused = await enter(visitor, path, '12');
      pages.push({
        page: normalised((await visitor.get(path)).text, email, path),
        refused: [refused.status, normalised(refused.text, email, path)],
        json: { ...json, updatedAt: '', steps: json.steps.map((step) => ({ ...step, at: '' })) },
      });
    }
    expect(pages[1]).toEqual(pages[0]);
  });
});
