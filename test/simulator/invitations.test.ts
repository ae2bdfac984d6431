import { addMember, alex, failure, groups, megan, startHarness, type Harness } from './harness.js';

let harness: Harness;

beforeAll(async () => {
  harness = await startHarness();
});
afterAll(() => harness.simulator.close());
beforeEach(() => harness.control('POST', '/reset'));

const userById = (id: string) => harness.graph.api(`/users/${id}`).get() as Promise<unknown>;

describe('an invitation', () => {
  it('creates a guest that is pending acceptance', async () => {
    const { invitedUser, status } = await harness.invite('ann@fabrikam.com', {
      invitedUserDisplayName: 'Ann',
    });
    expect(status).toBe('PendingAcceptance');
    const user: unknown = await harness.graph
      .api(`/users/${invitedUser.id}`)
      .select('mail,displayName,userType,creationType,externalUserState,userPrincipalName')
      .get();
    expect(user).toMatchObject({
      mail: 'ann@fabrikam.com',
      displayName: 'Ann',
      userType: 'Guest',
      creationType: 'Invitation',
      externalUserState: 'PendingAcceptance',
      userPrincipalName: 'ann_fabrikam.com#EXT#@contoso.onmicrosoft.com',
    });
  });

  it('is seen by look-ups and groups only after the replication delay', async () => {
    await harness.settings({ replicationDelayMs: 3_600_000 });
    const { invitedUser } = await harness.invite('ann@fabrikam.com');
    expect(await failure(userById(invitedUser.id))).toMatchObject({ code: 'Request_ResourceNotFound' });
    expect(await failure(addMember(harness.graph, groups.partners, invitedUser.id))).toMatchObject({
      statusCode: 404,
    });
    const found = (await harness.graph.api('/users').filter("mail eq 'ann@fabrikam.com'").get()) as {
      value: object[];
    };
    expect(found.value).toEqual([]);
    await harness.settings({ replicationDelayMs: 0 });
    await userById(invitedUser.id);
    await addMember(harness.graph, groups.partners, invitedUser.id);
  });

  it('of a guest that exists supersedes the older one', async () => {
    const first = await harness.invite('ann@fabrikam.com');
    const second = await harness.invite('ANN@fabrikam.com');
    expect(second.invitedUser.id).toBe(first.invitedUser.id);
    expect(second.id).not.toBe(first.id);
    expect((await fetch(first.inviteRedeemUrl)).status).toBe(410);
    expect((await fetch(second.inviteRedeemUrl)).status).toBe(200);
    expect((await harness.state()).users.filter((user) => user.userType === 'Guest')).toHaveLength(1);
  });

  it('sends Microsoft’s mail when asked to, never with the app’s own text', async () => {
    const { inviteRedeemUrl } = await harness.invite('ann@fabrikam.com', {
      sendInvitationMessage: true,
      invitedUserMessageInfo: {
        customizedMessageBody: 'Our own words',
        ccRecipients: [{ emailAddress: { address: 'boss@fabrikam.com' } }],
      },
    });
    const { mails } = await harness.state();
    expect(mails).toHaveLength(1);
    expect(mails[0]).toMatchObject({
      source: 'graph',
      from: 'invites@microsoft.com',
      to: ['ann@fabrikam.com', 'boss@fabrikam.com'],
    });
    expect(mails[0]?.text).toContain(inviteRedeemUrl);
    expect(JSON.stringify(mails)).not.toContain('Our own words');
  });

  it('sends none by default', async () => {
    await harness.invite('ann@fabrikam.com');
    expect((await harness.state()).mails).toEqual([]);
  });

  it('records sponsors, in either notation', async () => {
    const bound = await harness.invite('ann@fabrikam.com', {
      'invitedUserSponsors@odata.bind': [`https://graph.microsoft.com/v1.0/users/${alex}`],
    });
    const listed = await harness.invite('bob@fabrikam.com', { invitedUserSponsors: [{ id: megan }] });
    const { users } = await harness.state();
    expect(users.find(({ id }) => id === bound.invitedUser.id)?.sponsors).toEqual([alex]);
    const sponsors = (await harness.graph.api(`/users/${listed.invitedUser.id}/sponsors`).get()) as object;
    expect(sponsors).toMatchObject({ value: [{ '@odata.type': '#microsoft.graph.user', id: megan }] });
  });

  it('makes a new guest after the old one was deleted', async () => {
    await harness.settings({ permissions: ['User.Invite.All', 'User.ReadWrite.All'] });
    const first = await harness.invite('ann@fabrikam.com');
    await harness.graph.api(`/users/${first.invitedUser.id}`).delete();
    expect(await failure(userById(first.invitedUser.id))).toMatchObject({ statusCode: 404 });
    expect((await harness.invite('ann@fabrikam.com')).invitedUser.id).not.toBe(first.invitedUser.id);
  });
});

describe('an invitation is refused', () => {
  it.each([
    ['a plus sign', 'ann+crm@fabrikam.com', 400, /Primary SMTP Address/],
    ['a leading dot', '.ann@fabrikam.com', 400, /Primary SMTP Address/],
    ['two at signs', 'ann@x@fabrikam.com', 400, /Primary SMTP Address/],
    ['the tenant’s own domain', 'new@contoso.com', 400, /verified domain of this directory/],
    ['the tenant’s initial domain', 'new@contoso.onmicrosoft.com', 400, /Invitee is in inviter tenant/],
    ['a group’s address', 'partner-news@contoso.com', 400, /Group email address is not supported/],
  ])('for %s', async (_reason, address, statusCode, message) => {
    const error = await failure(harness.invite(address));
    expect(error).toMatchObject({ statusCode, code: 'BadRequest' });
    expect(error.message).toMatch(message);
  });

  it.each([
    ['no address', { invitedUserEmailAddress: undefined }],
    ['no redirect URL', { inviteRedirectUrl: undefined }],
    ['an unknown type of user', { invitedUserType: 'Robot' }],
    ['six sponsors', { invitedUserSponsors: Array.from({ length: 6 }, () => ({ id: alex })) }],
  ])('for %s', async (_reason, more) => {
    expect(await failure(harness.invite('ann@fabrikam.com', more))).toMatchObject({ statusCode: 400 });
  });

  it('for a sponsor that does not exist', async () => {
    const more = { invitedUserSponsors: [{ id: '99999999-0000-4000-8000-000000000001' }] };
    expect(await failure(harness.invite('ann@fabrikam.com', more))).toMatchObject({ statusCode: 404 });
    expect((await harness.state()).users.some((user) => user.mail === 'ann@fabrikam.com')).toBe(false);
  });

  it('for an internal user with an outside address', async () => {
    await harness.control('POST', '/users', { mail: 'ann@fabrikam.com', userType: 'Member' });
    const error = await failure(harness.invite('ann@fabrikam.com'));
    expect(error.message).toMatch(/already exists in the directory as object ID/);
  });

  it('for a blocked guest', async () => {
    await harness.control('POST', '/users', { mail: 'ann@fabrikam.com', accountEnabled: false });
    const error = await failure(harness.invite('ann@fabrikam.com'));
    expect(error.statusCode).toBe(412);
    expect(error.message).toMatch(/blocked from signing in/);
  });

  it('when invitations are disabled', async () => {
    await harness.settings({ allowInvitesFrom: 'none' });
    const error = await failure(harness.invite('ann@fabrikam.com'));
    expect(error.statusCode).toBe(403);
    expect(error.message).toMatch(/Guest invitations not allowed/);
  });
});

describe('resetting a redemption', () => {
  it('needs User.ReadWrite.All and makes the guest pending again', async () => {
    const { invitedUser } = await harness.invite('ann@fabrikam.com');
    await harness.control('PATCH', `/users/${invitedUser.id}`, { accepted: true });
    const reset = () => harness.invite('ann@fabrikam.com', { resetRedemption: true, invitedUser });
    expect(await failure(reset())).toMatchObject({ statusCode: 403 });
    await harness.settings({ permissions: ['User.Invite.All', 'User.ReadWrite.All'] });
    expect((await reset()).status).toBe('PendingAcceptance');
  });
});
