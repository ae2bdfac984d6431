import { setTimeout as sleep } from 'node:timers/promises';
import { startRun } from '../../src/bulk/runs.js';
import { findGuestsOf } from '../../src/store/guests.js';
import { findRun } from '../../src/store/runs.js';
import type { Db, RequestState } from '../../src/store/schema.js';
import { aPartner, aPolicy, GROUPS, UNPACED } from '../support/aPolicy.js';
import { act, BY, countsOf, previewOf, rowsOf, runThrough, untilRun } from '../support/aRun.js';
import { invitationsOf, signUpUntil } from '../support/journey.js';
import { startPortal, type TestPortal } from '../support/portal.js';
import { putPolicy } from '../support/putPolicy.js';
import { waitFor } from '../support/waitFor.js';

// Runs of files of invitations: what they do, once, and how they are paused, stopped, halted and undone.

const FAST = { width: 8, perMinute: 100_000, mailsPerMinute: 100_000 };
const PARTNER = { approval: 'manual', proof: 'mailbox', limits: UNPACED };
const POLICY = aPolicy({
  partners: [
    aPartner(PARTNER),
    aPartner({ id: 'open', name: 'Open', domains: ['open.com'], limits: UNPACED }),
    aPartner({ ...PARTNER, id: 'tailspin', name: 'Tailspin', domains: ['tailspin.com'], apps: ['wiki'] }),
  ],
});

const PERMISSIONS = [
  'User.Invite.All',
  'GroupMember.ReadWrite.All',
  'User.Read.All',
  'Application.Read.All',
  'AppRoleAssignment.ReadWrite.All',
];

let portal: TestPortal;

beforeAll(async () => {
  portal = await startPortal({ policy: POLICY, limits: { bulk: FAST } });
});
afterAll(() => portal.close());
afterEach(async () => {
  await portal.tenant.clearFaults();
  await portal.tenant.settings({ latencyMs: 0 });
});

/** The policy with a partner switched off. */
const without = (id: string) => ({
  ...POLICY,
  partners: (POLICY.partners as { id: string }[]).map((one) => ({ ...one, enabled: one.id !== id })),
});
const names = (prefix: string, count: number, domain = 'fabrikam.com') =>
  Array.from({ length: count }, (_, index) => `${prefix}${index}@${domain}`);
const file = (addresses: readonly string[]) => `Email\n${addresses.join('\n')}`;
const underWay = async (id: string) =>
  (
    await portal.deps.store.db
      .selectFrom('request')
      .select('id')
      .where('run_id', '=', id)
      .where('lease_until', 'is not', null)
      .execute()
  ).length;
const stateOf = async (id: string) => (await findRun(portal.deps.store.db, id))?.state;
const invitations = async () => (await portal.tenant.graphCalls('POST', /invitations$/)).length;

test('the first invitations of the first run go one by one', async () => {
  await portal.tenant.settings({ latencyMs: 200 });
  const id = await previewOf(portal, file(names('first', 4)));
  await startRun(portal.deps, id, BY);
  let most = 0;
  await waitFor('the run to end', async () => {
    most = Math.max(most, await underWay(id));
    return (await stateOf(id)) === 'done';
  });
  expect(most).toBe(1);
});

test('every person is invited once, although the partner asks for a proof and an approval; the same file again changes nothing', async () => {
  const people = names('p', 30);
  const before = await invitations();
  const id = await previewOf(portal, file(people));
  expect(await countsOf(portal, id)).toEqual({ invite: 30 });
  expect(await invitations()).toBe(before);
  await runThrough(portal, id);
  expect(await countsOf(portal, id)).toEqual({ provisioned: 30 });
  expect(await invitations()).toBe(before + 30);
  expect(await portal.tenant.mailsTo('p3@fabrikam.com')).toHaveLength(1);
  expect(await portal.tenant.graphCalls('POST', new RegExp(`${GROUPS.crm}/members`))).toHaveLength(34);

  const again = await previewOf(portal, file(people));
  expect(await countsOf(portal, again)).toEqual({ unchanged: 30 });
  await runThrough(portal, again);
  expect(await invitations()).toBe(before + 30);
  expect(await portal.tenant.mailsTo('p3@fabrikam.com')).toHaveLength(1);
});

test('a guest who has not accepted yet gets what is new, and no second invitation', async () => {
  const mail = 'pending@fabrikam.com';
  await portal.tenant.addUser({ mail, userType: 'Guest', creationType: 'Invitation', accepted: false });
  const id = await previewOf(portal, file([mail]));
  expect(await countsOf(portal, id)).toEqual({ grant: 1 });
  await runThrough(portal, id);
  expect(await countsOf(portal, id)).toEqual({ provisioned: 1 });
  expect(await invitationsOf(portal, mail)).toEqual([]);
  expect(await portal.tenant.mailsTo(mail)).toEqual([]);
});

test('two admins who start the same preview start one run', async () => {
  const id = await previewOf(portal, file(names('two', 5)));
  const started = await Promise.all([startRun(portal.deps, id, BY), startRun(portal.deps, id, BY)]);
  expect(started.sort()).toEqual(['already', 'started']);
  await untilRun(portal, id, 'done');
  expect(await countsOf(portal, id)).toEqual({ provisioned: 5 });
  expect(await invitationsOf(portal, 'two0@fabrikam.com')).toHaveLength(1);
});

test('a preview that is no longer true is not started, but shown again', async () => {
  const id = await previewOf(portal, file([...names('late', 2), 'late@tailspin.com']));
  await putPolicy(portal, without('tailspin'));
  expect(await startRun(portal.deps, id, BY)).toEqual({ changed: 1 });
  expect(await stateOf(id)).toBe('preview');
  expect(await countsOf(portal, id)).toEqual({ invite: 2, refused: 1 });
  expect(await startRun(portal.deps, id, BY)).toBe('started');
  await untilRun(portal, id, 'done');
  await putPolicy(portal, POLICY);
});

test('rows after a change of the policy are decided by it, and say so', async () => {
  await portal.tenant.settings({ latencyMs: 100 });
  const id = await previewOf(portal, file(names('mid', 24)));
  await startRun(portal.deps, id, BY);
  await waitFor('some to be invited', async () => ((await countsOf(portal, id)).provisioned ?? 0) >= 4);
  await putPolicy(portal, without('fabrikam'));
  await untilRun(portal, id, 'done');
  await putPolicy(portal, POLICY);
  const rows = await rowsOf(portal, id);
  const denied = rows.filter(({ state }) => state === 'denied');
  expect(denied.length).toBeGreaterThan(0);
  expect(denied.every(({ problem }) => problem?.code === 'policyChanged')).toBe(true);
  // Who had an account already is left to a person.
  expect(rows.every(({ state }) => ['denied', 'held', 'provisioned'].includes(state))).toBe(true);
});

test('pause and stop act at once, and a stopped run begins no further row', async () => {
  await portal.tenant.settings({ latencyMs: 150 });
  const id = await previewOf(portal, file(names('stop', 40)));
  await startRun(portal.deps, id, BY);
  await waitFor('some to be invited', async () => ((await countsOf(portal, id)).provisioned ?? 0) >= 4);
  await act(portal, id, 'pause');
  await waitFor('what is under way to end', async () => (await underWay(id)) === 0);
  const paused = await countsOf(portal, id);
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  expect(await countsOf(portal, id)).toEqual(paused);
  await act(portal, id, 'resume');
  await waitFor(
    'more to be invited',
    async () => ((await countsOf(portal, id)).provisioned ?? 0) > (paused.provisioned ?? 0) + 8,
  );
  await act(portal, id, 'stop');
  await untilRun(portal, id, 'stopped');
  const { provisioned = 0, lapsed = 0, ...others } = await countsOf(portal, id);
  expect(others).toEqual({});
  expect(provisioned + lapsed).toBe(40);
  expect(lapsed).toBeGreaterThan(0);
  expect((await rowsOf(portal, id)).find(({ state }) => state === 'lapsed')?.problem).toEqual({
    code: 'runStopped',
  });
  // The same file again invites the rest.
  const rest = await previewOf(portal, file(names('stop', 40)));
  expect(await countsOf(portal, rest)).toEqual({ unchanged: provisioned, invite: lapsed });
});

test('who signs up is not behind a run', async () => {
  await portal.tenant.settings({ latencyMs: 60 });
  const id = await previewOf(portal, file(names('behind', 60)));
  await startRun(portal.deps, id, BY);
  const isWide = async () => ((await countsOf(portal, id)).provisioned ?? 0) >= 12;
  await waitFor('the run to be wide', isWide, 60_000);
  await putPolicy(portal, { ...POLICY, partners: [aPartner({ limits: UNPACED })] });
  await signUpUntil(portal, 'provisioned', 'fast@fabrikam.com');
  expect((await countsOf(portal, id)).queued).toBeGreaterThan(0);
  await untilRun(portal, id, 'done');
  await putPolicy(portal, POLICY);
});

test('a block of all invitations halts the run, is mailed, and loses nobody', async () => {
  const words = 'Invitations are blocked for this directory due to suspicious activity.';
  const body = { error: { code: 'Forbidden', message: words } };
  const fault = { kind: 'status', status: 403, body };
  await portal.tenant.fault({ on: 'graph', method: 'POST', path: '^/invitations', fault, times: 0 });
  const id = await previewOf(portal, file(names('blocked', 12)));
  await startRun(portal.deps, id, BY);
  await untilRun(portal, id, 'halted');
  expect((await findRun(portal.deps.store.db, id))?.problem).toMatchObject({
    code: 'invitationsBlocked',
    detail: expect.stringContaining('suspicious activity') as string,
  });
  const mail = await waitFor('the mail', async () =>
    (await portal.tenant.mailsTo('alex@contoso.com')).at(-1),
  );
  expect(mail.text).toContain(words);
  expect(mail.text).toContain(`/admin/runs/${id}`);
  expect(await countsOf(portal, id)).toEqual({ queued: 12 });
  await portal.tenant.clearFaults();
  await act(portal, id, 'resume');
  await untilRun(portal, id, 'done');
  expect(await countsOf(portal, id)).toEqual({ provisioned: 12 });
});

test('a run that is stopped after such a block ends', async () => {
  const body = { error: { code: 'Forbidden', message: 'Blocked due to suspicious activity.' } };
  const fault = { kind: 'status', status: 403, body };
  await portal.tenant.fault({ on: 'graph', method: 'POST', path: '^/invitations', fault, times: 0 });
  const id = await previewOf(portal, file(names('given', 6)));
  await startRun(portal.deps, id, BY);
  await untilRun(portal, id, 'halted');
  await act(portal, id, 'stop');
  await untilRun(portal, id, 'stopped');
  const { held = 0, lapsed = 0 } = await countsOf(portal, id);
  expect(held + lapsed).toBe(6);
});

const refuseGroup = () => {
  const body = {
    error: {
      code: 'Authorization_RequestDenied',
      message: 'Insufficient privileges to complete the operation.',
    },
  };
  const fault = { kind: 'status', status: 403, body };
  return portal.tenant.fault({
    on: 'graph',
    method: 'POST',
    path: `^/groups/${GROUPS.crm}/members`,
    fault,
    times: 0,
  });
};

test('refusals in a row halt it, and those rows are tried again when it goes on', async () => {
  await refuseGroup();
  const id = await previewOf(portal, file(names('refused', 40)));
  await startRun(portal.deps, id, BY);
  await untilRun(portal, id, 'halted');
  expect((await countsOf(portal, id)).queued).toBeGreaterThan(20);
  const { db } = portal.deps.store;
  const leased = db
    .selectFrom('request')
    .select('id')
    .where('run_id', '=', id)
    .where('lease_owner', 'is not', null);
  await waitFor('rows under way to end', async () => (await leased.execute()).length === 0);
  await portal.tenant.clearFaults();
  await act(portal, id, 'resume');
  await untilRun(portal, id, 'done');
  expect(await countsOf(portal, id)).toEqual({ provisioned: 40 });
  expect(await invitationsOf(portal, 'refused0@fabrikam.com')).toHaveLength(1);
});

test('rows that have failed can be tried again', async () => {
  await refuseGroup();
  const id = await previewOf(portal, file(names('few', 3)));
  await runThrough(portal, id);
  expect(await countsOf(portal, id)).not.toHaveProperty('provisioned');
  await portal.tenant.clearFaults();
  await act(portal, id, 'retry');
  await untilRun(portal, id, 'done');
  expect(await countsOf(portal, id)).toEqual({ provisioned: 3 });
});

test('a run without mail can be mailed later', async () => {
  const id = await previewOf(portal, file(names('quiet', 3)), { mail: false });
  await runThrough(portal, id);
  expect(await portal.tenant.mailsTo('quiet0@fabrikam.com')).toEqual([]);
  await act(portal, id, 'mail');
  for (const address of names('quiet', 3)) {
    await waitFor('the mail', async () => (await portal.tenant.mailsTo(address)).length === 1);
  }
  await expect(act(portal, id, 'mail')).rejects.toMatchObject({ id: 'conflict' });
});

test('a sentence of the run and a redirect of the row arrive', async () => {
  const text = 'Email,InviteReplyURL\nword@fabrikam.com,https://wiki.contoso.com/start';
  const id = await previewOf(portal, text, { message: 'See you in spring.' });
  await runThrough(portal, id);
  expect((await portal.tenant.mailsTo('word@fabrikam.com'))[0]?.text).toContain('See you in spring.');
  const [invitation] = await invitationsOf(portal, 'word@fabrikam.com');
  expect(invitation?.requestBody).toMatchObject({ inviteRedirectUrl: 'https://wiki.contoso.com/start' });
});

test('a file cannot put guests into a group of approvers', async () => {
  const approvers = '22222222-0000-4000-8000-000000000009';
  await putPolicy(portal, { ...POLICY, partners: [aPartner({ ...PARTNER, approvers: [approvers] })] });
  const id = await previewOf(portal, `Email,Groups\nsly@fabrikam.com,${approvers}`, { grants: 'file' });
  await putPolicy(portal, POLICY);
  expect((await rowsOf(portal, id))[0]).toMatchObject({
    outcome: 'refused',
    verdict: { reason: 'row.approvers' },
  });
});

test('a file may bring its own groups and apps, and none that the policy must not name', async () => {
  const text = [
    'Email,Groups,Apps',
    `own1@fabrikam.com,${GROUPS.wiki},wiki`,
    `own2@fabrikam.com,${GROUPS.roleAssignable},`,
    `own3@fabrikam.com,${GROUPS.dynamic},`,
    'own4@fabrikam.com,99999999-0000-4000-8000-000000000000,',
  ].join('\n');
  await putPolicy(portal, {
    ...POLICY,
    groups: { partners: { id: GROUPS.partners, name: 'All' }, crm: { id: GROUPS.crm, name: 'CRM' } },
  });
  const id = await previewOf(portal, text, { grants: 'file' });
  const rows = await rowsOf(portal, id);
  expect(rows.map(({ outcome, verdict }) => verdict.reason ?? outcome)).toEqual([
    'invite',
    'row.roleAssignable',
    'row.dynamic',
    'row.unknownGroup',
  ]);
  await runThrough(portal, id);
  await putPolicy(portal, POLICY);
  const [guest] = await findGuestsOf(portal.deps.store.db, 'own1@fabrikam.com');
  expect(guest?.grants.map(({ kind, target_id }) => [kind, target_id])).toEqual(
    expect.arrayContaining([['group', GROUPS.wiki]]),
  );
  expect(guest?.grants.filter(({ kind }) => kind === 'app')).toHaveLength(1);
  expect(guest?.grants).toHaveLength(2);
});

test('mails keep their pace', async () => {
  const { bulk } = portal.deps.limits;
  portal.deps.limits.bulk = { ...bulk, mailsPerMinute: 60 };
  const id = await previewOf(portal, file(names('slow', 4)));
  const began = Date.now();
  await runThrough(portal, id);
  portal.deps.limits.bulk = bulk;
  expect(Date.now() - began).toBeGreaterThan(2_500);
  for (const address of names('slow', 4)) expect(await portal.tenant.mailsTo(address)).toHaveLength(1);
});

test('undo takes back what the run gave, and nothing else', async () => {
  await portal.tenant.settings({ permissions: [...PERMISSIONS, 'User.DeleteRestore.All'] });
  // A guest of before, with one of the groups.
  const before = await portal.tenant.addUser({
    mail: 'old@fabrikam.com',
    userType: 'Guest',
    accepted: true,
  });
  const { graph } = portal.deps;
  await graph.call({
    method: 'POST',
    path: `/groups/${GROUPS.partners}/members/$ref`,
    body: { '@odata.id': `${graph.baseUrl}/directoryObjects/${before.id}` },
  });
  const id = await previewOf(portal, file(['old@fabrikam.com', 'new@fabrikam.com', 'joined@fabrikam.com']));
  expect(await countsOf(portal, id)).toEqual({ grant: 1, invite: 2 });
  await runThrough(portal, id);
  // One of them gets access in another way meanwhile.
  const [joined] = await findGuestsOf(portal.deps.store.db, 'joined@fabrikam.com');
  await graph.call({
    method: 'POST',
    path: `/groups/${GROUPS.wiki}/members/$ref`,
    body: { '@odata.id': `${graph.baseUrl}/directoryObjects/${joined?.id}` },
  });
  await act(portal, id, 'undo');
  await untilRun(portal, id, 'undone');
  const undone = new Map((await rowsOf(portal, id)).map((row) => [row.address, row.undone]));
  expect(undone.get('old@fabrikam.com')).toMatchObject({ removed: ['Group crm'], kept: [], guest: null });
  expect(undone.get('new@fabrikam.com')).toMatchObject({
    removed: expect.arrayContaining(['Group partners', 'Group crm']) as string[],
    kept: [],
    guest: 'deleted',
  });
  expect(undone.get('joined@fabrikam.com')).toMatchObject({
    removed: expect.arrayContaining(['Group partners', 'Group crm']) as string[],
    guest: 'otherAccess',
  });
  const removals = await portal.tenant.graphCalls('DELETE', /members/);
  expect(removals.some(({ path }) => path.includes(GROUPS.partners) && path.includes(before.id))).toBe(false);
  expect(await countsOf(portal, id)).toEqual({ revoked: 3 });
  expect((await findGuestsOf(portal.deps.store.db, 'new@fabrikam.com'))[0]?.gone_at).not.toBeNull();
});

test('undo can be repeated where something could not be taken back', async () => {
  await portal.tenant.settings({ permissions: PERMISSIONS });
  const id = await previewOf(portal, file(['twice@fabrikam.com']));
  await runThrough(portal, id);
  await portal.tenant.fault({
    on: 'graph',
    method: 'DELETE',
    path: `^/groups/${GROUPS.crm}/members`,
    fault: { kind: 'status', status: 403 },
    times: 0,
  });
  await act(portal, id, 'undo');
  await untilRun(portal, id, 'undone');
  const undoneOf = async () => (await rowsOf(portal, id))[0]?.undone;
  expect(await undoneOf()).toMatchObject({
    removed: ['Group partners'],
    kept: [{ name: 'Group crm' }],
    guest: null,
  });
  await portal.tenant.clearFaults();
  await act(portal, id, 'undo');
  await untilRun(portal, id, 'undone');
  expect(await undoneOf()).toMatchObject({ removed: ['Group crm'], kept: [] });
  await expect(act(portal, id, 'undo')).rejects.toMatchObject({ id: 'conflict' });
});

test('undo leaves what a person has signed up for meanwhile', async () => {
  const id = await previewOf(portal, file(['both@fabrikam.com']));
  await runThrough(portal, id);
  await putPolicy(portal, { ...POLICY, partners: [aPartner({ limits: UNPACED })] });
  await portal.deps.store.db
    .updateTable('request')
    .set({ updated_at: new Date(Date.now() - 3_600_000) })
    .where('address', '=', 'both@fabrikam.com')
    .execute();
  await portal.visitor().apply({ email: 'both@fabrikam.com' });
  await act(portal, id, 'undo');
  await untilRun(portal, id, 'undone');
  await putPolicy(portal, POLICY);
  expect((await rowsOf(portal, id))[0]?.undone).toMatchObject({ removed: [], guest: 'otherAccess' });
});

test('undo without the permission to delete takes the grants alone', async () => {
  await portal.tenant.settings({ permissions: PERMISSIONS });
  const id = await previewOf(portal, file(['stays@fabrikam.com']));
  await runThrough(portal, id);
  await act(portal, id, 'undo');
  await untilRun(portal, id, 'undone');
  expect((await rowsOf(portal, id))[0]?.undone).toMatchObject({
    guest: 'notPermitted',
    removed: expect.arrayContaining(['Group partners', 'Group crm']) as string[],
  });
});

test('undo leaves a grant whose answer was lost, since the person may have had it before, and says so', async () => {
  await portal.tenant.fault({
    on: 'graph',
    method: 'POST',
    path: `^/groups/${GROUPS.crm}/members`,
    fault: { kind: 'reset', when: 'after' },
  });
  const id = await previewOf(portal, file(['lost@fabrikam.com']));
  await runThrough(portal, id);
  await act(portal, id, 'undo');
  await untilRun(portal, id, 'undone');
  expect((await rowsOf(portal, id))[0]?.undone).toMatchObject({
    removed: ['Group partners'],
    kept: [],
    unsure: ['Group crm'],
    guest: 'otherAccess',
  });
  expect((await (await portal.staff('ada')).get(`/admin/runs/${id}`)).text).toContain('Group crm stays');
});

describe('a person who signs up although a run invites them', () => {
  const signUp = (email: string) => portal.visitor().apply({ email });
  const mailsTo = async (email: string) => (await portal.tenant.mailsTo(email)).length;

  test('is not stopped with the run, and does not wait for one that is paused', async () => {
    await portal.tenant.settings({ latencyMs: 150 });
    const people = names('stopped', 12, 'open.com');
    const id = await previewOf(portal, file(people));
    await startRun(portal.deps, id, BY);
    await act(portal, id, 'pause');
    const last = String(people.at(-1));
    await signUpUntil(portal, 'provisioned', last);
    await act(portal, id, 'stop');
    await untilRun(portal, id, 'stopped');
    expect(await mailsTo(last)).toBe(1);
    expect((await rowsOf(portal, id)).find(({ address }) => address === last)?.state).toBe('provisioned');
    expect((await countsOf(portal, id)).lapsed).toBeGreaterThan(0);
  });

  test.each([
    ['while the row waits', true],
    ['after it', false],
  ])(
    '%s is mailed, even if the run is not, and keeps what they got when it is undone',
    async (_when, waits) => {
      const email = `joins.${String(waits)}@open.com`;
      const id = await previewOf(portal, file([email]), { mail: false });
      if (waits) {
        await startRun(portal.deps, id, BY);
        await act(portal, id, 'pause').catch(() => undefined);
      } else await runThrough(portal, id);
      await signUp(email);
      if (waits) await act(portal, id, 'resume').catch(() => undefined);
      await waitFor('the mail', async () => (await mailsTo(email)) === 1);
      await untilRun(portal, id, 'done');
      await waitFor('the work to end', async () => (await underWay(id)) === 0);
      await act(portal, id, 'undo');
      await untilRun(portal, id, 'undone');
      expect((await rowsOf(portal, id))[0]?.undone).toMatchObject({ removed: [], guest: 'otherAccess' });
      expect((await portal.tenant.guest(email))?.groups).toEqual(
        expect.arrayContaining([GROUPS.partners, GROUPS.crm]),
      );
      expect(await mailsTo(email)).toBe(1);
    },
  );

  describe('in its last moment is mailed, even if the run is not', () => {
    const db = () => portal.deps.store.db;
    const setRow = (on: Db, email: string, row: { state: RequestState; due_at?: Date }) =>
      on.updateTable('request').set(row).where('address', '=', email).execute();
    const mailed = (email: string) => waitFor('the mail', async () => (await mailsTo(email)) === 1);

    test('while its end is recorded', async () => {
      const email = 'ends@open.com';
      await runThrough(portal, await previewOf(portal, file([email]), { mail: false }));
      await setRow(db(), email, { state: 'queued' });
      const { signingUp } = await db()
        .transaction()
        .execute(async (trx) => {
          await trx
            .selectFrom('request')
            .select('id')
            .where('address', '=', email)
            .forNoKeyUpdate()
            .execute();
          const begun = signUp(email);
          // By then it has read the state, and waits for the row.
          await sleep(500);
          await setRow(trx, email, { state: 'provisioned' });
          return { signingUp: begun };
        });
      await signingUp;
      await mailed(email);
    });

    test('when it has decided already that nobody is mailed', async () => {
      const email = 'decided@open.com';
      await runThrough(portal, await previewOf(portal, file([email]), { mail: false }));
      await setRow(db(), email, { state: 'queued', due_at: new Date(Date.now() + 3_600_000) });
      await signUp(email);
      await mailed(email);
    });
  });
});

test('undo takes back app roles, also of two runs in a row', async () => {
  await portal.tenant.settings({ permissions: PERMISSIONS });
  for (const email of ['role.a@tailspin.com', 'role.b@tailspin.com']) {
    const id = await previewOf(portal, file([email]));
    await runThrough(portal, id);
    expect((await portal.tenant.guest(email))?.appRoles).toHaveLength(1);
    await act(portal, id, 'undo');
    await untilRun(portal, id, 'undone');
    expect((await rowsOf(portal, id))[0]?.undone).toMatchObject({ removed: ['Wiki'], kept: [] });
    expect((await portal.tenant.guest(email))?.appRoles).toEqual([]);
  }
});
