import { limitsIn } from '../../../src/limits.js';
import { seal } from '../../../src/sealed.js';
import { aPartner, aPolicy } from '../../support/aPolicy.js';
import { faultsOf, textOf, valueOf } from '../../support/page.js';
import { startPortal, type TestPortal } from '../../support/portal.js';
import type { Visitor } from '../../support/visitor.js';
import en from '../../../locales/en/public.json' with { type: 'json' };

const LEAST_SECONDS = 2;
const POLICY = aPolicy({
  partners: [
    aPartner(),
    aPartner({ id: 'contoso', name: 'Contoso', domains: ['contoso.com'], proof: 'mailbox' }),
    aPartner({ id: 'off', name: 'Tailspin', domains: ['tailspin.com'], enabled: false }),
  ],
  unlisted: 'review',
});

let portal: TestPortal;

beforeAll(async () => {
  portal = await startPortal({ worker: false, policy: POLICY, limits: { fillSeconds: LEAST_SECONDS } });
});
afterAll(() => portal.close());

const requestOf = (address: string) =>
  portal.deps.store.db.selectFrom('request').selectAll().where('address', '=', address).executeTakeFirst();
const reasonsOf = async (address: string) =>
  (await requestOf(address))?.decision.reasons.map(({ code }) => code);

const suggestionIn = (html: string) =>
  /<div class="suggestion"[\s\S]*?<\/div>/.exec(html)?.[0].replace(/\s+/g, ' ') ?? null;

describe('an address that looks like a partner’s', () => {
  test('is refused with the address that was meant, and everything else is kept', async () => {
    const typed = { email: 'ana@fabr1kam.com', company: 'Fabrikam Sales' };
    const answer = await portal.visitor().signUp(typed);
    expect(answer.status).toBe(422);
    expect(faultsOf(answer.text)).toEqual([['email', en.form.fault.email.lookAlike]]);
    expect(valueOf(answer.text, 'email')).toBe(typed.email);
    expect(valueOf(answer.text, 'company')).toBe(typed.company);
    const block = suggestionIn(answer.text) ?? '';
    expect(textOf(block)).toContain('Did you mean ana@fabrikam.com?');
    expect(block).toMatch(/<button [^>]*name="useSuggestion" value="yes">Continue with ana@fabrikam\.com</);
    expect(block).toContain('mailto:partners@contoso.com');
    expect(await requestOf(typed.email)).toBeUndefined();
  });

  test('leaves nothing behind: no request, no audit event, no mail', async () => {
    const counts = async () =>
      Promise.all(
        (['request', 'audit_event', 'notice'] as const).map((table) =>
          portal.deps.store.db
            .selectFrom(table)
            .select(({ fn }) => fn.countAll<string>().as('count'))
            .executeTakeFirstOrThrow(),
        ),
      );
    const before = await counts();
    expect((await portal.visitor().signUp({ email: 'bo@fabrikam.co' })).status).toBe(422);
    expect(await counts()).toEqual(before);
  });

  test('is refused again to whoever insists', async () => {
    const visitor = portal.visitor();
    for (let count = 0; count < 3; count++) {
      expect((await visitor.signUp({ email: 'ida@fabrikan.com' })).status).toBe(422);
    }
    expect(await requestOf('ida@fabrikan.com')).toBeUndefined();
  });

  test('is replaced by the suggestion at the press of its button; what else is posted does not count', async () => {
    const taken = await portal
      .visitor()
      .signUp({ email: 'eva@fabrikarn.com', useSuggestion: 'eve@evil.com', suggestion: 'eve@evil.com' });
    expect(taken.status).toBe(303);
    expect((await requestOf('eva@fabrikam.com'))?.state).toBe('queued');
    expect(await requestOf('eve@evil.com')).toBeUndefined();
    expect(await requestOf('eva@fabrikarn.com')).toBeUndefined();
  });

  test('may lead to a partner that asks for a proof', async () => {
    const visitor = portal.visitor();
    expect(textOf((await visitor.signUp({ email: 'kim@contosso.com' })).text)).toContain('kim@contoso.com');
    await visitor.apply({ email: 'kim@contosso.com', useSuggestion: 'yes' });
    expect((await requestOf('kim@contoso.com'))?.state).toBe('unproven');
  });

  test('with a tag is first rid of the tag, then of the slip', async () => {
    const visitor = portal.visitor();
    const tagged = await visitor.signUp({ email: 'liv+x@fabr1kam.com' });
    expect(faultsOf(tagged.text)).toEqual([['email', en.form.fault.email.plus]]);
    const plain = await visitor.signUp({ email: 'liv+x@fabr1kam.com', useSuggestion: 'yes' });
    expect(faultsOf(plain.text)).toEqual([['email', en.form.fault.email.lookAlike]]);
    expect(valueOf(plain.text, 'email')).toBe('liv@fabr1kam.com');
    expect(suggestionIn(plain.text)).toContain('liv@fabrikam.com');
  });

  test.each([
    ['ana@fabrikam-login.com', 'a borrowed name'],
    ['ana@fabrikam.com.evil.net', 'a borrowed domain'],
    ['ana@tallspin.com', 'a partner that is switched off'],
  ])('%s is refused without a suggestion, and told whom to write to: %s', async (email) => {
    const answer = await portal.visitor().signUp({ email });
    expect(answer.status).toBe(422);
    const block = suggestionIn(answer.text) ?? '';
    expect(block).not.toContain('<button');
    expect(block).toContain('mailto:partners@contoso.com');
    // The button does not exist, and posting its name does nothing.
    expect((await portal.visitor().signUp({ email, useSuggestion: 'yes' })).status).toBe(422);
    expect(await requestOf(email)).toBeUndefined();
  });

  test('is one fault among others', async () => {
    const answer = await portal.visitor().signUp({ email: 'ana@fabr1kam.com', company: '', terms: '' });
    expect(faultsOf(answer.text)).toEqual([
      ['email', en.form.fault.email.lookAlike],
      ['company', en.form.fault.company.missing],
    ]);
  });
});

test('an organisation with a link or markup is asked for its name alone', async () => {
  for (const company of ['see https://evil.com', '<b>Fabrikam</b>']) {
    const answer = await portal.visitor().signUp({ company });
    expect(answer.status).toBe(422);
    expect(faultsOf(answer.text)).toEqual([['company', en.form.fault.text.company]]);
    expect(valueOf(answer.text, 'company')).toBe(company);
  }
});

describe('signs of a program', () => {
  const STAMP = /^[\w-]{50,60}$/;

  /** The moment that a page's form carries. */
  const begunIn = (html: string) => /name="begun" value="([^"]+)"/.exec(html)?.[1] ?? '';

  /** A moment so many seconds ago, sealed as the portal seals it. */
  function momentAgo(seconds: number, secret = portal.deps.config.secrets[0]): string {
    return seal(String(Date.now() - seconds * 1000), 'fill time', [secret]);
  }

  async function stateAfter(fields: Record<string, unknown>, visitor: Visitor = portal.visitor()) {
    const email = `sign${Math.random().toString(36).slice(2)}@fabrikam.com`;
    await visitor.apply({ email, ...fields });
    return { state: (await requestOf(email))?.state, reasons: await reasonsOf(email) };
  }

  test('the form has a field that no person comes upon, and the moment at which it was given out', async () => {
    const { text } = await portal.visitor().get('/');
    expect(text).toMatch(
      /<div class="trap" aria-hidden="true" inert>\s*<label for="website">[^<]+<\/label>\s*<input id="website" name="website" type="text" value="" tabindex="-1" autocomplete="off" \/>/,
    );
    expect(begunIn(text)).toMatch(STAMP);
  });

  test('whoever fills in the hidden field waits for a person, and is told no more than that', async () => {
    const visitor = portal.visitor();
    const path = await visitor.apply({ email: 'bot@fabrikam.com', website: 'https://evil.com' });
    expect(await requestOf('bot@fabrikam.com')).toMatchObject({ state: 'pending', partner: 'fabrikam' });
    expect(await reasonsOf('bot@fabrikam.com')).toEqual(['domain.listed', 'guard.honeypot']);
    const { text } = await visitor.get(path);
    expect(textOf(text)).toContain('Awaiting approval');
    expect(text).not.toMatch(/honeypot|guard|program|website/);
  });

  test('the hidden field left empty is no sign, posted twice is one', async () => {
    expect((await stateAfter({ website: '' })).state).toBe('queued');
    expect((await stateAfter({ website: ['', ''] })).reasons).toEqual(['domain.listed', 'guard.honeypot']);
  });

  test('whoever sends the form as soon as it is there waits for a person', async () => {
    const visitor = portal.visitor();
    const begun = begunIn((await visitor.get('/')).text);
    expect(await stateAfter({ begun }, visitor)).toEqual({
      state: 'pending',
      reasons: ['domain.listed', 'guard.tooFast'],
    });
  });

  test('an unusual name waits for a person, and the name of a real organisation too', async () => {
    const waits = async (fields: object) => (await stateAfter({ begun: momentAgo(60), ...fields })).reasons;
    expect(await waits({ firstName: 'John 3rd' })).toEqual(['domain.listed', 'guard.name']);
    expect(await waits({ firstName: 'J.Li' })).toEqual(['domain.listed', 'guard.name']);
    expect(await waits({ company: '1234567 Ontario Inc.' })).toEqual(['domain.listed', 'guard.company']);
    expect(await waits({ firstName: 'M.Kumar', lastName: '' })).toEqual(['domain.listed']);
  });

  test('both signs are noted', async () => {
    const { reasons } = await stateAfter({ begun: momentAgo(0), website: 'x' });
    expect(reasons).toEqual(['domain.listed', 'guard.honeypot', 'guard.tooFast']);
  });

  test.each([
    ['as long as a person takes', () => momentAgo(LEAST_SECONDS + 1)],
    ['since before lunch', () => momentAgo(3 * 3600)],
    ['since last year', () => momentAgo(365 * 86_400)],
    ['by a clock that runs ahead', () => momentAgo(-30)],
    ['by a secret that is gone', () => momentAgo(0, 'another secret that is long enough to be one')],
    ['in plain sight', () => String(Date.now())],
    ['forged', () => 'A'.repeat(momentAgo(0).length)],
    ['garbage', () => '0.0.0'],
    ['empty', () => ''],
    ['posted twice', () => [momentAgo(0), momentAgo(0)]],
  ])('a form that was open %s is no sign', async (_, begun) => {
    expect((await stateAfter({ begun: begun() })).state).toBe('queued');
  });

  test('a form without a moment is none: programs may post on behalf of people', async () => {
    expect((await stateAfter({})).state).toBe('queued');
  });

  test('a form that comes back with faults keeps its moment, so that a quick correction is no sign', async () => {
    const begun = momentAgo(60);
    const visitor = portal.visitor();
    const answer = await visitor.signUp({ company: '', begun });
    expect(begunIn(answer.text)).toBe(begun);
    expect((await stateAfter({ begun: begunIn(answer.text) }, visitor)).state).toBe('queued');
  });

  test('a moment that is not ours is not given back', async () => {
    for (const begun of ['"><script>', `${momentAgo(60)}"<>`]) {
      const answer = await portal.visitor().signUp({ company: '', begun });
      expect(begunIn(answer.text)).toMatch(STAMP);
    }
  });

  test('whoever has to prove something first is asked for it all the same; the sign counts afterwards', async () => {
    await portal.visitor().apply({ email: 'slow@contoso.com', website: 'x' });
    expect((await requestOf('slow@contoso.com'))?.state).toBe('unproven');
    expect(await reasonsOf('slow@contoso.com')).toContain('guard.honeypot');
  });

  test('whom the policy refuses stays refused', async () => {
    await portal.visitor().apply({ email: 'eve@competitor.com', website: 'x' });
    expect((await requestOf('eve@competitor.com'))?.state).toBe('denied');
  });

  test('outside production nobody is too fast', async () => {
    expect(limitsIn({ production: true }).fillSeconds).toBe(2);
    expect(limitsIn({ production: false }).fillSeconds).toBe(0);
    const other = await startPortal({ worker: false, policy: POLICY });
    try {
      const visitor = other.visitor();
      const begun = begunIn((await visitor.get('/')).text);
      await visitor.apply({ email: 'quick@fabrikam.com', begun });
      const row = await other.deps.store.db.selectFrom('request').select('state').executeTakeFirst();
      expect(row?.state).toBe('queued');
    } finally {
      await other.close();
    }
  });
});
