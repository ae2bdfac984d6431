import { sql } from 'kysely';
import { ageRequest, requestAt } from '../../support/ageRequest.js';
import { aPartner, aPolicy } from '../../support/aPolicy.js';
import { signUpUntil } from '../../support/journey.js';
import { startPortal, type TestPortal } from '../../support/portal.js';
import type { Visitor } from '../../support/visitor.js';
import { waitFor } from '../../support/waitFor.js';

// No page tells a known mailbox from an unknown one: what the directory says of an address must not be read from anything that
// somebody can see who has only typed it. Everything is compared byte for byte.

/** How the directory may know an address, and in which state the request for it ends. */
const KNOWN = {
  unknown: ['provisioned', null],
  member: ['denied', { userType: 'Member' }],
  accepted: ['provisioned', { userType: 'Guest', accepted: true }],
  pending: ['provisioned', { userType: 'Guest' }],
  blocked: ['held', { userType: 'Guest', accountEnabled: false }],
  // Not among ours, and refused by Microsoft for what it is.
  own: ['denied', null],
} as const;
type Kind = keyof typeof KNOWN;
const KINDS = Object.keys(KNOWN) as Kind[];

const DOMAIN = { invitation: 'fabrikam.com', mailbox: 'litware.com' };

const byInvitation = aPolicy({ partners: [aPartner({ domains: ['fabrikam.com', 'contoso.com'] })] });
const byMailbox = aPolicy({ partners: [aPartner({ domains: [DOMAIN.mailbox], proof: 'mailbox' })] });

/** What is different on every page: the address, the token, the CSRF token and times. */
function masked(text: string, email: string, path: string): string {
  return text
    .replaceAll(email, 'EMAIL')
    .replaceAll(path.split('/').at(-1) ?? '', 'TOKEN')
    .replace(/name="_csrf"(?: type="hidden")? value="[^"]*"/g, 'CSRF')
    .replace(/\b[0-9A-Z]{4}-[0-9A-Z]{4}\b/g, 'REFERENCE')
    .replace(/data-wait="\d+"/g, 'WAIT')
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME')
    .replace(/>\d+ [A-Z][a-z]{2,3} \d{4}, [\d:]+ UTC</g, '>TIME<');
}

async function pageOf(viewer: Visitor, email: string, path: string): Promise<string> {
  return masked((await viewer.get(path)).text, email, path);
}

async function jsonOf(viewer: Visitor, email: string, path: string): Promise<string> {
  return masked((await viewer.get(path, { Accept: 'application/json' })).text, email, path);
}

const answered = (viewer: Visitor, path: string) =>
  waitFor('the answer', async () => (await viewer.status(path)).status === 'answered');

/** One answer for all, whatever it is; names those that differ. */
function expectSame(answers: Record<string, unknown>): void {
  const [first = ''] = Object.keys(answers);
  expect(answers).toEqual(Object.fromEntries(Object.keys(answers).map((name) => [name, answers[first]])));
}

async function ofEach<T>(kinds: Kind[], ask: (kind: Kind) => Promise<T>): Promise<Record<string, T>> {
  const answers: Record<string, T> = {};
  for (const kind of kinds) answers[kind] = await ask(kind);
  return answers;
}

describe.each([
  ['the portal mails', true],
  ['Microsoft mails', false],
])('an invitation is the proof, and %s it', (_, smtp) => {
  let portal: TestPortal;
  const addresses = {} as Record<Kind, string>;
  const senders = {} as Record<Kind, Visitor>;
  const paths = {} as Record<Kind, string>;

  beforeAll(async () => {
    portal = await startPortal({ policy: byInvitation, smtp });
    for (const kind of KINDS) {
      addresses[kind] = `${kind}@${kind === 'own' ? 'contoso.com' : DOMAIN.invitation}`;
      const [, user] = KNOWN[kind];
      if (user) await portal.tenant.addUser({ mail: addresses[kind], displayName: 'Somebody', ...user });
      senders[kind] = portal.visitor();
      paths[kind] = await senders[kind].apply({ email: addresses[kind] });
    }
  });
  afterAll(() => portal.close());

  const shown = (viewer: (kind: Kind) => Visitor, ask: typeof pageOf) =>
    ofEach(KINDS, (kind) => ask(viewer(kind), addresses[kind], paths[kind]));

  test('what becomes of them differs', async () => {
    for (const kind of KINDS) await signUpUntil(portal, KNOWN[kind][0], addresses[kind], paths[kind]);
    for (const kind of KINDS) await answered(senders[kind], paths[kind]);
  });

  test('6.3.8 the page does not, for whoever sent the form and for whoever else has its address', async () => {
    const sent = await shown((kind) => senders[kind], pageOf);
    expectSame(sent);
    expect(sent.unknown).toContain('Check your email');
    expectSame(await shown(() => portal.visitor(), pageOf));
  });

  test('6.3.8 nor does the answer for machines', async () => {
    expectSame(await shown((kind) => senders[kind], jsonOf));
    const others = await shown(() => portal.visitor(), jsonOf);
    expectSame(others);
    expect(JSON.parse(others.blocked ?? '')).toMatchObject({
      status: 'answered',
      reason: null,
      steps: ['received', 'answer'].map((name) => ({ name, status: 'done' })),
    });
  });

  test('all that it tells of the time is when the form came and when it was dealt with', async () => {
    const times = await ofEach(KINDS, async (kind) => {
      const { steps, updatedAt } = await senders[kind].status(paths[kind]);
      const [received, ...after] = steps.map(({ at }) => at);
      return after.every((at) => at === updatedAt) && received !== updatedAt;
    });
    expectSame(times);
    expect(times.unknown).toBe(true);
  });

  test('asking for the mail again is answered alike, once and as often as one likes', async () => {
    const before = await ofEach(KINDS, async (kind) => {
      const early = await senders[kind].post(`${paths[kind]}/resend`, {}, { from: '/' });
      await ageRequest(portal, paths[kind], 6);
      return [early.status, await pageOf(senders[kind], addresses[kind], paths[kind])];
    });
    expectSame(before);
    expect(before.member?.[1]).toContain('action="/requests/TOKEN/resend"');
    const asked = await ofEach(KINDS, async (kind) => {
      const answer = await senders[kind].post(`${paths[kind]}/resend`, {});
      const page = await pageOf(senders[kind], addresses[kind], paths[kind]);
      const again = await senders[kind].post(`${paths[kind]}/resend`, {}, { from: '/' });
      const json = await jsonOf(senders[kind], addresses[kind], paths[kind]);
      return [answer.status, page, again.status, json];
    });
    expectSame(asked);
    expect(asked.member?.[0]).toBe(303);
    await waitFor('the work to be over', async () => {
      const due = await Promise.all(KINDS.map((kind) => requestAt(portal, paths[kind])));
      return due.every(({ due_at }) => due_at === null);
    });
    expectSame(await shown((kind) => senders[kind], pageOf));
    const { rows } = await sql<{ count: number }>`
      select count(*)::int as count from audit_event where action = 'request.resend' group by request_id`.execute(
      portal.deps.store.db,
    );
    expect(rows).toEqual(KINDS.map(() => ({ count: 1 })));
  });

  test('who posts such an address again gets a page of their own, which tells of nobody before', async () => {
    // The form came 18 minutes ago, but its mail was asked for again 12 minutes ago: the request stands.
    for (const kind of KINDS) await ageRequest(portal, paths[kind], 12);
    const posted = Date.now() - 1000;
    const second = await ofEach(KINDS, async (kind) => {
      const stranger = portal.visitor();
      const path = await stranger.apply({ email: addresses[kind], firstName: 'Eve' });
      expect(path).not.toBe(paths[kind]);
      expect((await requestAt(portal, path)).id).toBe((await requestAt(portal, paths[kind])).id);
      await answered(stranger, path);
      const { steps, updatedAt } = await stranger.status(path);
      for (const { at } of [...steps, { at: updatedAt }])
        expect(new Date(at ?? 0).getTime()).toBeGreaterThan(posted);
      return pageOf(stranger, addresses[kind], path);
    });
    expectSame(second);
    // The resends of others do not count, and the wait is their own.
    expect(second.unknown).toContain('You can ask for another one in 5 minutes');
    expectSame(await shown((kind) => senders[kind], pageOf));
  });

  test('after a quarter of an hour the page of who posts it again looks alike, and so does the one of before', async () => {
    const third = await ofEach(KINDS, async (kind) => {
      await ageRequest(portal, paths[kind], 16);
      const stranger = portal.visitor();
      const path = await stranger.apply({ email: addresses[kind] });
      await answered(stranger, path);
      return [
        await pageOf(stranger, addresses[kind], path),
        await jsonOf(stranger, addresses[kind], path),
        await pageOf(senders[kind], addresses[kind], paths[kind]),
      ];
    });
    expectSame(third);
    // What is stuck is not asked for twice.
    const open = portal.deps.store.db.selectFrom('request').select(['state', 'problem']);
    expect(await open.where('address', '=', addresses.blocked).execute()).toMatchObject([
      { state: 'held', problem: { code: 'guestBlocked' } },
    ]);
  });

  test('a link that was mailed shows its reader everything', async () => {
    if (!smtp) return;
    const [mail] = await portal.tenant.mailsTo(addresses.unknown);
    const link = /\/requests\/[\w-]{22}/.exec(mail?.text ?? '')?.[0] ?? '';
    expect(link).not.toBe(paths.unknown);
    expect(await portal.visitor().status(link)).toMatchObject({ status: 'provisioned' });
  });

  if (smtp) {
    test('the mailbox is told what the page is not, once for each time that somebody asked', async () => {
      const known = async (kind: Kind) =>
        (await portal.tenant.mailsTo(addresses[kind])).filter(({ text }) => text.includes('this is why'));
      await waitFor('the mails', async () => (await known('blocked')).length >= 3);
      const [mail] = await known('blocked');
      expect(mail?.subject).toBe('Your request for access to Contoso');
      expect(mail?.text).toContain(
        "There's an account for this address, but it's blocked. Write to partners@",
      );
      expect(`${mail?.text ?? ''}${mail?.html ?? ''}`).not.toMatch(/Ana|Lind|Eve|requests\//);
      expect((await known('member'))[0]?.text).toContain('You already have an account at Contoso');
      expect((await known('own'))[0]?.text).toContain('This address belongs to Contoso itself');
      for (const kind of ['unknown', 'accepted', 'pending'] as const) expect(await known(kind)).toEqual([]);
    });
  }
});

describe('while the work goes on', () => {
  let portal: TestPortal;
  beforeAll(async () => {
    portal = await startPortal({ policy: byInvitation, limits: { backoffSeconds: 0.1 } });
  });
  afterAll(() => portal.close());
  afterEach(async () => {
    await portal.tenant.clearFaults();
    await portal.tenant.settings({ replicationDelayMs: 0, latencyMs: 0 });
  });

  test('a fault of ours shows as a delay, and ends with the answer', async () => {
    await portal.tenant.fault({
      on: 'graph',
      path: '^/users',
      times: 3,
      fault: { kind: 'status', status: 503, headers: { 'Retry-After': '1' } },
    });
    const viewer = portal.visitor();
    const path = await viewer.apply({ email: 'down@fabrikam.com' });
    await waitFor('the page to say so', async () => (await viewer.status(path)).status === 'delayed');
    expect((await viewer.get(path)).text).toContain('This is taking longer than usual');
    await answered(viewer, path);
  });

  test('a mail server that is down shows alike for an address that the directory knows', async () => {
    await portal.tenant.fault({
      on: 'smtp',
      times: 0,
      fault: { kind: 'refuse', code: 451, message: 'Later' },
    });
    const kinds: Kind[] = ['unknown', 'member'];
    const shown = await ofEach(kinds, async (kind) => {
      const email = `mail-${kind}@fabrikam.com`;
      const [, user] = KNOWN[kind];
      if (user) await portal.tenant.addUser({ mail: email, displayName: 'Somebody', ...user });
      const viewer = portal.visitor();
      const path = await viewer.apply({ email });
      await waitFor('the page to say so', async () => (await viewer.status(path)).status === 'delayed');
      return [await pageOf(viewer, email, path), await jsonOf(viewer, email, path)];
    });
    expectSame(shown);
    // Both look again until the mail has gone.
    expect(shown.member?.[0]).toContain('data-moving="true"');
  });
});

describe('the mailbox is to be proved first', () => {
  let portal: TestPortal;
  const kinds = KINDS.filter((kind) => kind !== 'own');
  const addresses = {} as Record<Kind | 'before', string>;
  const strangers = {} as Record<Kind | 'before', Visitor>;
  const paths = {} as Record<Kind | 'before', string>;

  const linkIn = async (email: string, count: number): Promise<string> => {
    const mails = await waitFor(`mail ${count} to ${email}`, async () => {
      const found = (await portal.tenant.mailsTo(email)).filter(({ text }) => text.includes('/verify/link/'));
      return found.length === count && found;
    });
    return /\/verify\/link\/[\w-]+/.exec(mails.at(-1)?.text ?? '')?.[0] ?? '';
  };

  /** Opens the newest link in a browser of its own; returns that browser and the page that it is led to. */
  async function prove(email: string, count = 1): Promise<[owner: Visitor, path: string]> {
    const link = await linkIn(email, count);
    const owner = portal.visitor();
    const answer = await owner.post(link, {}, { from: link });
    expect(answer.status).toBe(303);
    return [owner, answer.headers.location ?? ''];
  }

  beforeAll(async () => {
    portal = await startPortal({ policy: byMailbox });
    // One who has been invited by the portal already, and left the mail's window since.
    addresses.before = `before@${DOMAIN.mailbox}`;
    await portal.visitor().apply({ email: addresses.before });
    const [owner, path] = await prove(addresses.before);
    await waitFor('the first to be done', async () => (await owner.status(path)).status === 'provisioned');
    await ageRequest(portal, path, 10);
    expect(await portal.deps.store.db.selectFrom('mailbox').selectAll().execute()).toHaveLength(1);
    for (const kind of kinds) {
      addresses[kind] = `${kind}@${DOMAIN.mailbox}`;
      const [, user] = KNOWN[kind];
      if (user) await portal.tenant.addUser({ mail: addresses[kind], displayName: 'Somebody', ...user });
    }
    for (const name of [...kinds, 'before'] as const) {
      strangers[name] = portal.visitor();
      paths[name] = await strangers[name].apply({ email: addresses[name] });
    }
  });
  afterAll(() => portal.close());

  const all = () => [...kinds, 'before'] as (Kind | 'before')[];
  const shownToStrangers = async (ask: typeof pageOf) => {
    const answers: Record<string, string> = {};
    for (const name of all()) answers[name] = await ask(strangers[name], addresses[name], paths[name]);
    return answers;
  };

  test('before that, every page is the same', async () => {
    expectSame(await shownToStrangers(pageOf));
    const answers = await shownToStrangers(jsonOf);
    expectSame(answers);
    expect(JSON.parse(answers.before ?? '')).toMatchObject({ status: 'unproven', reason: null });
  });

  test('after it the owner sees the truth, and who posted the form does not', async () => {
    for (const name of all()) {
      const [owner, path] = await prove(addresses[name], name === 'before' ? 2 : 1);
      const state = name === 'before' ? 'provisioned' : KNOWN[name][0];
      await waitFor(`${name} to see the end`, async () => (await owner.status(path)).status === state);
      await answered(strangers[name], paths[name]);
      const whole = (await owner.get(path)).text;
      if (name === 'blocked') expect(whole).toContain('but it&#39;s blocked');
      if (name === 'member') expect(whole).toContain('You already have an account');
      expect(path).not.toBe(paths[name]);
    }
    expectSame(await shownToStrangers(pageOf));
    const answers = await shownToStrangers(jsonOf);
    expectSame(answers);
    expect(JSON.parse(answers.blocked ?? '')).toMatchObject({ status: 'answered', reason: null });
  });
});
