import type { Access } from '../../../src/access/access.js';
import type { GrantChoice } from '../../../src/policy/narrowGrants.js';
import { follow } from '../../../src/requests/follow/follow.js';
import { openMailedPage } from '../../../src/requests/pageToken.js';
import { decide, resendAsAdmin } from '../../../src/requests/review/decide.js';
import { findRequest } from '../../../src/store/requests.js';
import { findSteps } from '../../../src/store/steps.js';
import type { RequestRow } from '../../../src/store/schema.js';
import { aPartner, aPolicy, GROUPS, WIKI } from '../../support/aPolicy.js';
import { invitationsOf } from '../../support/journey.js';
import { startPortal, type TestPortal } from '../../support/portal.js';
import { workOn } from '../../support/workOn.js';
import { putPolicy } from '../../support/putPolicy.js';
import { accessFor, submitted } from '../../support/reviewers.js';

let portal: TestPortal;
let arne: Access;

const manual = (overrides = {}) =>
  aPartner({ approval: 'manual', apps: ['crm', 'wiki'], groups: ['wiki'], ...overrides });

beforeAll(async () => {
  portal = await startPortal({ worker: false });
});
afterAll(() => portal.close());
beforeEach(async () => {
  await putPolicy(portal, aPolicy({ partners: [manual()] }));
  arne = accessFor(portal.deps);
});
afterEach(() => portal.tenant.clearFaults());

const db = () => portal.deps.store.db;
const current = async (id: string): Promise<RequestRow> => {
  const row = await findRequest(db(), id);
  if (!row) throw new Error('gone');
  return row;
};
/** Lets a worker do what is due, and returns the request as it stands then. */
async function worked(id: string): Promise<RequestRow> {
  await workOn(portal.deps, id);
  return current(id);
}
const grantedTo = async (address: string) => {
  const guest = await portal.tenant.guest(address);
  return guest && { groups: guest.groups.toSorted(), appRoles: guest.appRoles };
};

/** What the page shows that a mail leads to. */
const forOwner = async (id: string) =>
  follow(portal.deps, (await openMailedPage(portal.deps, db(), id)) ?? '', null);

describe('an approval', () => {
  test('gives all that the partner has, and the partner sees who is to thank: a person', async () => {
    const { id, token, version, address } = await submitted(portal.deps, 'all@fabrikam.com');
    expect((await follow(portal.deps, token, null)).steps[1]).toEqual({
      name: 'review',
      status: 'waiting',
      at: null,
    });
    await decide(portal.deps, arne, id, { action: 'approve', version, note: 'Known since 2020' });
    expect(await worked(id)).toMatchObject({ state: 'provisioned', problem: null });
    expect(await grantedTo(address)).toEqual({
      groups: [GROUPS.partners, GROUPS.crm, GROUPS.wiki],
      appRoles: [WIKI],
    });
    const status = await forOwner(id);
    expect(status.steps[1]).toEqual({ name: 'review', status: 'done', at: expect.any(Date) as Date });
    expect(status.apps.map(({ name }) => name)).toEqual(['Contoso CRM', 'Wiki']);
    expect(JSON.stringify(status)).not.toContain('Known since 2020');
  });

  test.each<[string, GrantChoice, string[], object[], string[]]>([
    ['one app alone', { apps: ['wiki'], groups: [] }, [], [WIKI], ['Wiki']],
    [
      'an app with its groups',
      { apps: ['crm'], groups: [] },
      [GROUPS.partners, GROUPS.crm],
      [],
      ['Contoso CRM'],
    ],
    ['a group of the partner alone', { apps: [], groups: ['wiki'] }, [GROUPS.wiki], [], []],
  ])('gives exactly what was chosen: %s', async (fact, grants, groups, appRoles, apps) => {
    const { id, version, address } = await submitted(
      portal.deps,
      `${fact.replaceAll(' ', '.')}@fabrikam.com`,
    );
    await decide(portal.deps, arne, id, { action: 'approve', version, grants });
    await worked(id);
    expect(await grantedTo(address)).toEqual({ groups, appRoles });
    const status = await forOwner(id);
    expect([status.status, status.apps.map(({ name }) => name)]).toEqual(['provisioned', apps]);
    const [mail] = await portal.tenant.mailsTo(address);
    for (const name of ['Contoso CRM', 'Wiki']) {
      expect([name, mail?.text.includes(name)]).toEqual([name, apps.includes(name)]);
    }
  });

  test.each([
    ['an app of nobody', { apps: ['nothing'], groups: [] }, 'grantsOutside'],
    ['a group that the partner does not have', { apps: ['crm'], groups: ['dynamic'] }, 'grantsOutside'],
    ['nothing at all', { apps: [], groups: [] }, 'nothingChosen'],
  ])('of %s is refused, and nothing is decided', async (_fact, grants, refusal) => {
    const before = await submitted(portal.deps, 'outside@fabrikam.com');
    const { id, version } = before;
    await expect(decide(portal.deps, arne, id, { action: 'approve', version, grants })).rejects.toMatchObject(
      { id: refusal },
    );
    expect(await current(id)).toMatchObject({ state: 'pending', version, review: null });
  });

  test('of one who came after the last place lets them in', async () => {
    await putPolicy(
      portal,
      aPolicy({ partners: [aPartner({ domains: ['full.com'], limits: { total: 1 } })] }),
    );
    await submitted(portal.deps, 'first@full.com');
    const { id, version, state } = await submitted(portal.deps, 'second@full.com');
    expect(state).toBe('pending');
    await decide(portal.deps, arne, id, { action: 'approve', version });
    expect(await worked(id)).toMatchObject({ state: 'provisioned' });
  });

  test('is what lets them in: held and put back without one, they wait again', async () => {
    const { id, version } = await submitted(portal.deps, 'unapproved@fabrikam.com');
    await decide(portal.deps, arne, id, { action: 'hold', version });
    await decide(portal.deps, arne, id, { action: 'retry', version: version + 1 });
    expect(await worked(id)).toMatchObject({ state: 'pending', problem: null });

    await putPolicy(
      portal,
      aPolicy({ partners: [aPartner({ domains: ['place.com'], limits: { total: 1 } })] }),
    );
    await submitted(portal.deps, 'first@place.com');
    const late = await submitted(portal.deps, 'second@place.com');
    await decide(portal.deps, arne, late.id, { action: 'hold', version: late.version });
    await decide(portal.deps, arne, late.id, { action: 'retry', version: late.version + 1 });
    expect(await worked(late.id)).toMatchObject({ state: 'pending', problem: null });
    expect(await invitationsOf(portal, 'second@place.com')).toEqual([]);
  });
});

describe('somebody whom no partner lists', () => {
  beforeEach(() =>
    putPolicy(
      portal,
      aPolicy({
        partners: [manual(), aPartner({ id: 'off', domains: ['off.com'], enabled: false })],
        unlisted: 'review',
      }),
    ),
  );

  test('gets the access of the partner that the approver chooses', async () => {
    const { id, version, address, partner } = await submitted(portal.deps, 'ana@stranger.com');
    expect(partner).toBeNull();
    for (const chosen of [undefined, 'nobody', 'off']) {
      await expect(
        decide(portal.deps, arne, id, { action: 'approve', version, ...(chosen && { partner: chosen }) }),
      ).rejects.toMatchObject({ id: 'partnerNeeded', status: 422 });
    }
    await decide(portal.deps, arne, id, {
      action: 'approve',
      version,
      partner: 'fabrikam',
      grants: { apps: ['crm'], groups: [] },
    });
    expect(await worked(id)).toMatchObject({ state: 'provisioned', partner: 'fabrikam' });
    expect(await grantedTo(address)).toEqual({ groups: [GROUPS.partners, GROUPS.crm], appRoles: [] });
    expect((await forOwner(id)).apps.map(({ name }) => name)).toEqual(['Contoso CRM']);
  });

  test('is refused when the policy has stopped taking such requests meanwhile', async () => {
    const { id, version } = await submitted(portal.deps, 'bo@stranger.com');
    await decide(portal.deps, arne, id, { action: 'approve', version, partner: 'fabrikam' });
    await putPolicy(portal, aPolicy({ partners: [manual()] }));
    expect(await worked(id)).toMatchObject({ state: 'denied', problem: { code: 'policyChanged' } });
  });
});

describe('a policy that changes between approval and work', () => {
  async function approvedThen(email: string, policy: object) {
    const { id, version } = await submitted(portal.deps, email);
    await decide(portal.deps, arne, id, {
      action: 'approve',
      version,
      grants: { apps: ['crm', 'wiki'], groups: [] },
    });
    await putPolicy(portal, policy);
    return worked(id);
  }

  test('and denies beats the approval', async () => {
    const row = await approvedThen(
      'denied@fabrikam.com',
      aPolicy({ partners: [], deny: { domains: ['fabrikam.com'] } }),
    );
    expect(row).toMatchObject({ state: 'denied', problem: { code: 'policyChanged' } });
    expect(await portal.tenant.guest('denied@fabrikam.com')).toBeUndefined();
  });

  test('and switches the partner off beats it too', async () => {
    const row = await approvedThen('off@fabrikam.com', aPolicy({ partners: [manual({ enabled: false })] }));
    expect(row).toMatchObject({ state: 'denied' });
  });

  test('and takes an app away gives what is left', async () => {
    await approvedThen('less@fabrikam.com', aPolicy({ partners: [manual({ apps: ['wiki'] })] }));
    expect(await grantedTo('less@fabrikam.com')).toEqual({ groups: [], appRoles: [WIKI] });
  });

  test('and adds an app gives no more than was approved, also when all there was had been', async () => {
    const before = manual({ apps: ['crm'], groups: [] });
    await putPolicy(portal, aPolicy({ partners: [before] }));
    const { id, version } = await submitted(portal.deps, 'whole@fabrikam.com');
    await decide(portal.deps, arne, id, { action: 'approve', version });
    await putPolicy(portal, aPolicy({ partners: [manual({ groups: ['wiki'] })] }));
    expect(await worked(id)).toMatchObject({ state: 'provisioned' });
    expect(await grantedTo('whole@fabrikam.com')).toEqual({
      groups: [GROUPS.partners, GROUPS.crm],
      appRoles: [],
    });
  });

  test('and adds an app gives no more than was approved', async () => {
    await approvedThen('more@fabrikam.com', aPolicy({ partners: [manual({ groups: ['wiki', 'dynamic'] })] }));
    expect(await grantedTo('more@fabrikam.com')).toEqual({
      groups: [GROUPS.partners, GROUPS.crm],
      appRoles: [WIKI],
    });
  });

  test('and leaves nothing of what was approved puts it before a person again, once', async () => {
    const row = await approvedThen(
      'none@fabrikam.com',
      aPolicy({ partners: [manual({ apps: [], invitation: { redirectUrl: 'https://contoso.com' } })] }),
    );
    expect(row).toMatchObject({ state: 'pending', problem: { code: 'policyChanged' } });
    await decide(portal.deps, arne, row.id, { action: 'approve', version: row.version });
    expect(await worked(row.id)).toMatchObject({ state: 'provisioned', problem: null });
    expect(await grantedTo('none@fabrikam.com')).toEqual({ groups: [GROUPS.wiki], appRoles: [] });
  });

  test('and gives the address to another partner needs that partner’s approval, not the old one’s', async () => {
    const lia = { oid: '55555555-0000-4000-8000-000000000005', roles: [] };
    const moved = aPolicy({
      partners: [
        manual({ domains: ['elsewhere.com'], approvers: [lia.oid] }),
        manual({ id: 'new', domains: ['fabrikam.com'] }),
      ],
    });
    const row = await approvedThen('moved@fabrikam.com', moved);
    expect(row).toMatchObject({ state: 'pending', problem: { code: 'policyChanged' } });
    const old = accessFor(portal.deps, lia);
    await expect(
      decide(portal.deps, old, row.id, { action: 'approve', version: row.version }),
    ).rejects.toMatchObject({
      id: 'notFound',
    });
    await decide(portal.deps, arne, row.id, { action: 'approve', version: row.version });
    expect(await worked(row.id)).toMatchObject({ state: 'provisioned', partner: 'new' });
  });

  test('and denies already when the approver decides is said at once', async () => {
    const { id, version } = await submitted(portal.deps, 'toolate@fabrikam.com');
    await putPolicy(portal, aPolicy({ partners: [] }));
    await expect(decide(portal.deps, arne, id, { action: 'approve', version })).rejects.toMatchObject({
      id: 'policyRefuses',
    });
    expect(await current(id)).toMatchObject({ state: 'pending', version });
  });
});

describe('8.3.1 nobody decides their own request', () => {
  test.each(['approve', 'deny', 'retry', 'hold', 'resend'] as const)(
    'by one of their addresses: %s',
    async (action) => {
      const { id, version } = await submitted(portal.deps, 'arne@fabrikam.com');
      const own = accessFor(portal.deps, { addresses: ['arne@contoso.com', 'arne@fabrikam.com'] });
      const deciding =
        action === 'resend'
          ? resendAsAdmin(portal.deps, own, id, { version })
          : decide(portal.deps, own, id, { action, version, reason: 'No' });
      await expect(deciding).rejects.toMatchObject({
        id: 'ownRequest',
        status: 403,
      });
      expect(await current(id)).toMatchObject({ state: 'pending', version });
    },
  );

  test('as the guest whom earlier work has found', async () => {
    const { id, version } = await submitted(portal.deps, 'guest@fabrikam.com');
    await db().updateTable('request').set({ guest_id: arne.person.oid }).where('id', '=', id).execute();
    await expect(decide(portal.deps, arne, id, { action: 'approve', version })).rejects.toMatchObject({
      id: 'ownRequest',
    });
  });

  test('as the guest whom only the directory knows: the work stops before anything is given', async () => {
    const email = 'alias@fabrikam.com';
    const { id: oid } = await portal.tenant.addUser({
      mail: email,
      displayName: 'Arne as a guest',
      userType: 'Guest',
      accepted: true,
    });
    const self = accessFor(portal.deps, { oid });
    const { id, token, version } = await submitted(portal.deps, email);
    await decide(portal.deps, self, id, { action: 'approve', version });
    const stopped = await worked(id);
    expect(stopped).toMatchObject({ state: 'held', problem: { code: 'selfApproval' }, guest_id: oid });
    expect(await grantedTo(email)).toEqual({ groups: [], appRoles: [] });
    // Whoever holds the page's address must not learn that this address is an approver's.
    expect(await follow(portal.deps, token, null)).toMatchObject({ status: 'delayed', reason: null });

    await expect(
      decide(portal.deps, self, id, { action: 'approve', version: stopped.version }),
    ).rejects.toMatchObject({
      id: 'ownRequest',
    });
    await decide(portal.deps, arne, id, { action: 'approve', version: stopped.version });
    expect(await worked(id)).toMatchObject({ state: 'provisioned' });
  });
});

describe('a denial', () => {
  test('tells the partner the reviewer’s reason and never the note, and leaves no words in the audit trail', async () => {
    const { id, token, version } = await submitted(portal.deps, 'no@fabrikam.com');
    const reason = 'The project <b>ended</b> in May';
    await decide(portal.deps, arne, id, { action: 'deny', version, reason, note: 'Bad experience with Ana' });
    expect((await follow(portal.deps, token, null)).words).toBe(reason);
    const page = await portal.visitor().get(`/requests/${token}`);
    expect(page.text).toContain('The project &lt;b&gt;ended&lt;/b&gt; in May');
    expect(page.text).not.toContain('Bad experience');
    const json = await portal.visitor().status(`/requests/${token}`);
    expect(Object.keys(json).toSorted()).toEqual(['reason', 'status', 'steps', 'updatedAt']);
    expect(json).toMatchObject({ status: 'denied', reason: 'deniedByReviewer' });
    expect(JSON.stringify(json)).not.toMatch(/project|experience/);
    const events = await db()
      .selectFrom('audit_event')
      .select('detail')
      .where('request_id', '=', id)
      .execute();
    expect(JSON.stringify(events)).not.toMatch(/project|experience/);
  });

  test('of a guest who was invited already takes nothing away, and leaves no step that waits', async () => {
    await putPolicy(
      portal,
      aPolicy({ partners: [aPartner({ domains: ['half.com'], groups: ['dynamic'] })] }),
    );
    const { id, token } = await submitted(portal.deps, 'half@half.com');
    const held = await worked(id);
    expect(held).toMatchObject({ state: 'held' });
    await decide(portal.deps, arne, id, { action: 'deny', version: held.version, reason: 'No' });
    expect(await portal.tenant.guest('half@half.com')).toMatchObject({ accountEnabled: true });
    const { steps } = await follow(portal.deps, token, null);
    expect(steps.map(({ status }) => status)).not.toContain('waiting');
  });
});

describe('a retry', () => {
  test('goes on where the work stopped, and the time to give up counts anew', async () => {
    await putPolicy(
      portal,
      aPolicy({ partners: [aPartner({ domains: ['mend.com'], groups: ['dynamic'] })] }),
    );
    const { id, address } = await submitted(portal.deps, 'ana@mend.com');
    const held = await worked(id);
    expect(held).toMatchObject({ state: 'held', problem: { code: 'groupUnusable' } });
    await db()
      .updateTable('step')
      .set({ started_at: new Date(0) })
      .where('request_id', '=', id)
      .execute();
    await decide(portal.deps, arne, id, { action: 'retry', version: held.version });
    const steps = await findSteps(db(), id);
    expect(steps.find(({ key }) => key === 'group:dynamic')).toMatchObject({
      state: 'waiting',
      attempts: 0,
      started_at: null,
      problem: null,
    });
    expect(steps.find(({ key }) => key === 'invitation')).toMatchObject({ state: 'done', attempts: 1 });

    const fault = { kind: 'status', status: 503 };
    await portal.tenant.fault({ on: 'graph', method: 'GET', path: '/groups/', times: 1, fault });
    expect(await worked(id)).toMatchObject({ state: 'queued', problem: { code: 'graphUnavailable' } });

    await db()
      .updateTable('request')
      .set({ due_at: new Date(0) })
      .where('id', '=', id)
      .execute();
    await putPolicy(portal, aPolicy({ partners: [aPartner({ domains: ['mend.com'] })] }));
    expect(await worked(id)).toMatchObject({ state: 'provisioned', problem: null });
    expect(await invitationsOf(portal, address)).toHaveLength(1);
    expect(await portal.tenant.mailsTo(address)).toHaveLength(1);
  });
});

describe('a resend by an admin', () => {
  test('may exceed the number that the partner has, not the pause between two', async () => {
    const { id, version } = await submitted(portal.deps, 'again@fabrikam.com');
    await decide(portal.deps, arne, id, { action: 'approve', version });
    let row = await worked(id);
    for (let mails = 1; mails < 6; mails++) {
      expect(await resendAsAdmin(portal.deps, arne, id, row)).toMatchObject({
        allowed: false,
        why: 'tooSoon',
      });
      await db()
        .updateTable('step')
        .set({ finished_at: new Date(0) })
        .where('request_id', '=', id)
        .execute();
      expect(await resendAsAdmin(portal.deps, arne, id, row)).toEqual({ allowed: true });
      row = await worked(id);
    }
    expect(await portal.tenant.mailsTo('again@fabrikam.com')).toHaveLength(6);
    await expect(resendAsAdmin(portal.deps, arne, id, { version })).rejects.toMatchObject({ why: 'changed' });
  });
});

describe('a request that waits again', () => {
  const lia = { oid: '55555555-0000-4000-8000-000000000005', roles: [] };
  const approvedFor = async (email: string, after: object) => {
    const { id, version, token } = await submitted(portal.deps, email);
    await decide(portal.deps, arne, id, { action: 'approve', version });
    await putPolicy(portal, after);
    return { ...(await worked(id)), token };
  };

  test('is for the approvers of the partner that the policy names now', async () => {
    const moved = manual({ id: 'new', approvers: [lia.oid], apps: ['wiki'], groups: [] });
    const row = await approvedFor('anew@fabrikam.com', aPolicy({ partners: [moved] }));
    expect(row).toMatchObject({
      state: 'pending',
      partner: 'new',
      policy_hash: portal.deps.policy.current().hash,
      decision: { outcome: 'review', partner: 'new', grants: { apps: [{ key: 'wiki' }] } },
    });
    await decide(portal.deps, accessFor(portal.deps, lia), row.id, {
      action: 'approve',
      version: row.version,
    });
    expect(await worked(row.id)).toMatchObject({ state: 'provisioned', partner: 'new' });
  });

  test('still waits for a person when it came after the last place, however often it is put back', async () => {
    await putPolicy(
      portal,
      aPolicy({ partners: [aPartner({ domains: ['last.com'], limits: { total: 1 } })] }),
    );
    await submitted(portal.deps, 'first@last.com');
    const { id, version } = await submitted(portal.deps, 'second@last.com');
    for (let row = await current(id); row.version < version + 9; row = await worked(id)) {
      expect(row).toMatchObject({ state: 'pending', problem: null });
      await decide(portal.deps, arne, id, { action: 'hold', version: row.version });
      await decide(portal.deps, arne, id, { action: 'retry', version: row.version + 1 });
    }
    expect(await current(id)).toMatchObject({ state: 'pending' });
  });
});

describe('a guest who is in place is shown the apps that they were given', () => {
  const appsShown = async (id: string) => (await forOwner(id)).apps.map(({ name }) => name);

  test.each([
    ['approved', 'manual', 'one@fabrikam.com'],
    ['invited at once', 'automatic', 'two@fabrikam.com'],
  ])('%s, whatever the policy says later', async (_, approval, email) => {
    await putPolicy(portal, aPolicy({ partners: [aPartner({ approval, apps: ['crm'] })] }));
    const { id, version } = await submitted(portal.deps, email);
    if (approval === 'manual') await decide(portal.deps, arne, id, { action: 'approve', version });
    expect(await worked(id)).toMatchObject({ state: 'provisioned' });
    await putPolicy(portal, aPolicy({ partners: [aPartner({ approval, apps: ['wiki'] })] }));
    expect(await appsShown(id)).toEqual(['Contoso CRM']);
    await putPolicy(portal, aPolicy({ partners: [] }));
    expect(await appsShown(id)).toEqual(['Contoso CRM']);
  });

  test('where the policy changed before the work, not those that they had asked for', async () => {
    await putPolicy(portal, aPolicy({ partners: [aPartner({ apps: ['crm'] })] }));
    const { id } = await submitted(portal.deps, 'three@fabrikam.com');
    await putPolicy(portal, aPolicy({ partners: [aPartner({ apps: ['wiki'] })] }));
    expect(await worked(id)).toMatchObject({ state: 'provisioned', decision: { outcome: 'invite' } });
    expect(await appsShown(id)).toEqual(['Wiki']);
  });
});
