import request from 'supertest';
import { addMember, alex, failure, groups, startHarness, type Harness } from './harness.js';

let harness: Harness;

beforeAll(async () => {
  harness = await startHarness();
});
afterAll(() => harness.simulator.close());
beforeEach(() => harness.control('POST', '/reset'));

const people = () => request(harness.simulator.peopleUrl);
const pathOf = (url: string) => url.slice(harness.simulator.peopleUrl.length);

describe('redeeming', () => {
  it('asks first, accepts by a button, and shows where the guest lands', async () => {
    const { invitedUser, inviteRedeemUrl } = await harness.invite('ann@fabrikam.com');
    await addMember(harness.graph, groups.crm, invitedUser.id);
    const consent = await people().get(pathOf(inviteRedeemUrl)).expect(200);
    expect(consent.text).toContain('Contoso wants to');
    expect((await harness.state()).users.at(-1)?.externalUserState).toBe('PendingAcceptance');

    const accepted = await people().post(pathOf(inviteRedeemUrl)).expect(303);
    expect((await harness.state()).users.at(-1)?.externalUserState).toBe('Accepted');
    const landing = await people()
      .get(accepted.headers.location as unknown as string)
      .expect(200);
    expect(landing.text).toContain('https://crm.contoso.com');
    expect(landing.text).toContain('CRM users');
  });

  it('ends at a clear page when a newer invitation was sent', async () => {
    const { inviteRedeemUrl } = await harness.invite('ann@fabrikam.com');
    await harness.invite('ann@fabrikam.com');
    for (const call of [people().get(pathOf(inviteRedeemUrl)), people().post(pathOf(inviteRedeemUrl))]) {
      const page = await call.expect(410);
      expect(page.text).toContain('This invitation no longer works');
    }
    expect((await harness.state()).users.at(-1)?.externalUserState).toBe('PendingAcceptance');
  });

  it('refuses a link that was made up', async () => {
    await people().get('/redeem?rd=nonsense').expect(410);
    const { inviteRedeemUrl } = await harness.invite('ann@fabrikam.com');
    await people().get(pathOf(inviteRedeemUrl).replace('ticket%3D', 'ticket%3Dx')).expect(410);
  });
});

describe('the pages', () => {
  it.each(['/', '/inbox', '/directory', `/directory/users/${alex}`, '/faults'])(
    '%s says that it is not Microsoft, and runs no inline script or style',
    async (path) => {
      const page = await people().get(path).expect(200);
      expect(page.text).toContain('not Microsoft');
      expect(page.text).not.toMatch(/<script|style="/);
      expect(page.headers['content-security-policy']).not.toContain('unsafe');
    },
  );

  it('show each mail, its HTML in a sandbox', async () => {
    await harness.invite('ann@fabrikam.com', { sendInvitationMessage: true });
    await harness.invite('bob@fabrikam.com', { sendInvitationMessage: true });
    const inbox = await people().get('/inbox?to=ANN@fabrikam.com').expect(200);
    expect(inbox.text).not.toContain('bob@fabrikam.com');
    const [, path = ''] = /href="(\/inbox\/[\w-]+)"/.exec(inbox.text) ?? [];
    expect((await people().get(path).expect(200)).text).toContain('sandbox=');
    const html = await people().get(`${path}/html`).expect(200);
    expect(html.headers['content-security-policy']).toMatch(/^sandbox /);
    expect(html.text).toContain('Accept invitation');
    await people().get('/inbox/none').expect(404);
  });

  it('escape what a guest is called', async () => {
    await harness.invite('ann@fabrikam.com', { invitedUserDisplayName: '<script>alert(1)</script>' });
    expect((await people().get('/directory').expect(200)).text).not.toContain('<script>');
  });

  it('switch faults on and off', async () => {
    await people().post('/faults').type('form').send({ switch: 'lostInvitation', times: 2 }).expect(303);
    const active: unknown = await (await harness.control('GET', '/faults')).json();
    expect(active).toMatchObject([{ on: 'graph', times: 2, fault: { kind: 'reset', when: 'after' } }]);
    await people().post('/faults').type('form').send({ switch: 'none', times: 1 }).expect(422);
    await people().post('/faults/clear').expect(303);
    expect(await (await harness.control('GET', '/faults')).json()).toEqual([]);
  });

  it('switch on that Microsoft blocks invitations', async () => {
    await people().post('/faults').type('form').send({ switch: 'invitationsBlocked', times: 0 }).expect(303);
    for (const address of ['ann@fabrikam.com', 'bob@fabrikam.com']) {
      const error = await failure(harness.invite(address));
      expect(error).toMatchObject({ statusCode: 403, code: 'Forbidden' });
      expect(error.message).toContain('blocked for this directory due to suspicious activity');
    }
    await harness.graph.api('/groups').get();
  });

  it('change the settings', async () => {
    const form = {
      latencyMs: 5,
      replicationDelayMs: 0,
      allowInvitesFrom: 'none',
      permissions: 'User.Read.All',
    };
    await people().post('/faults/settings').type('form').send(form).expect(303);
    const settings: unknown = await (await harness.control('PUT', '/settings', {})).json();
    expect(settings).toMatchObject({ ...form, permissions: ['User.Read.All'] });
    await people()
      .post('/faults/settings')
      .type('form')
      .send({ ...form, latencyMs: -1 })
      .expect(422);
  });
});

describe('the control endpoint', () => {
  it('makes and changes users', async () => {
    const made = await harness.control('POST', '/users', {
      id: '77777777-0000-4000-8000-000000000001',
      mail: 'ann@fabrikam.com',
      accepted: true,
    });
    expect(made.status).toBe(201);
    expect(await made.json()).toMatchObject({ userType: 'Guest', externalUserState: 'Accepted' });
    const path = '/users/77777777-0000-4000-8000-000000000001';
    const changed = await harness.control('PATCH', path, { accountEnabled: false });
    expect(await changed.json()).toMatchObject({ accountEnabled: false });
    expect((await harness.control('POST', '/users', { mail: 'ann@fabrikam.com' })).status).toBe(409);
    expect((await harness.control('PATCH', '/users/none', {})).status).toBe(404);
    expect((await harness.control('POST', '/users', { mail: 'x', colour: 'blue' })).status).toBe(400);
  });

  it('resets everything', async () => {
    const before = await harness.state();
    await harness.invite('ann@fabrikam.com', { sendInvitationMessage: true });
    await harness.settings({ latencyMs: 10 });
    await harness.control('POST', '/reset');
    const after = await harness.state();
    expect(after.users.map(({ id }) => id)).toEqual(before.users.map(({ id }) => id));
    expect(after.mails).toEqual([]);
    expect(await harness.ledger()).toEqual([]);
  });
});
