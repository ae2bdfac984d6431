import {
  addMember,
  alex,
  assignRole,
  crm,
  eventually,
  failure,
  groups,
  noRole,
  reader,
  startHarness,
  wiki,
  type Harness,
} from './harness.js';

let harness: Harness;

beforeAll(async () => {
  harness = await startHarness();
});
afterAll(() => harness.simulator.close());
beforeEach(() => harness.control('POST', '/reset'));

const guest = async () => (await harness.invite('ann@fabrikam.com')).invitedUser.id;
const least = [
  'User.Invite.All',
  'GroupMember.ReadWrite.All',
  'User.Read.All',
  'AppRoleAssignment.ReadWrite.All',
  'Application.Read.All',
];
const unknown = '99999999-0000-4000-8000-000000000001';

describe('group membership', () => {
  it('is added, listed from both sides, and removed', async () => {
    const id = await guest();
    await addMember(harness.graph, groups.crm, id);
    expect(await harness.graph.api(`/groups/${groups.crm}/members`).get()).toMatchObject({ value: [{ id }] });
    expect(await harness.graph.api(`/users/${id}/memberOf`).get()).toMatchObject({
      value: [{ '@odata.type': '#microsoft.graph.group', id: groups.crm }],
    });
    const removal = () =>
      harness.graph.api(`/groups/${groups.crm}/members/${id}/$ref`).delete() as Promise<unknown>;
    await removal();
    expect(await failure(removal())).toMatchObject({ statusCode: 404, code: 'Request_ResourceNotFound' });
  });

  it('twice is a 400, which only its message tells apart', async () => {
    const id = await guest();
    await addMember(harness.graph, groups.crm, id);
    const error = await failure(addMember(harness.graph, groups.crm, id));
    expect(error).toMatchObject({ statusCode: 400, code: 'Request_BadRequest' });
    expect(error.message).toMatch(/object references already exist/);
  });

  it.each([
    ['dynamic', groups.dynamic, 403, /Insufficient privileges/],
    ['role-assignable', groups.helpdesk, 403, /Insufficient privileges/],
    ['distribution list', groups.news, 400, /mail-enabled security groups and or distribution list/],
    ['synchronised', groups.factory, 400, /on-premises/],
    ['missing', unknown, 404, /does not exist/],
  ])('of a %s group is refused', async (_kind, group, statusCode, message) => {
    const error = await failure(addMember(harness.graph, group, await guest()));
    expect(error.statusCode).toBe(statusCode);
    expect(error.message).toMatch(message);
  });

  it('of an unknown user is refused', async () => {
    const error = await failure(addMember(harness.graph, groups.crm, unknown));
    expect(error).toMatchObject({ statusCode: 404, code: 'Request_ResourceNotFound' });
  });
});

describe('removing a member', () => {
  const reference = (group: string, id: string) =>
    harness.graph.api(`/groups/${group}/members/${id}/$ref`).delete() as Promise<unknown>;

  it.each([
    ['dynamic', groups.dynamic, 403],
    ['role-assignable', groups.helpdesk, 403],
    ['distribution list', groups.news, 400],
    ['synchronised', groups.factory, 400],
    ['missing', unknown, 404],
  ])('of a %s group is refused', async (_kind, group, statusCode) => {
    expect(await failure(reference(group, alex))).toMatchObject({ statusCode });
  });

  it('that was deleted is a 404', async () => {
    await harness.settings({ permissions: [...least, 'User.DeleteRestore.All'] });
    const id = await guest();
    await addMember(harness.graph, groups.crm, id);
    await harness.graph.api(`/users/${id}`).delete();
    expect(await failure(reference(groups.crm, id))).toMatchObject({ statusCode: 404 });
  });

  it('without $ref deletes the person where the app may, and is refused where it may not', async () => {
    const id = await guest();
    await addMember(harness.graph, groups.crm, id);
    const member = (of: string) =>
      harness.graph.api(`/groups/${groups.crm}/members/${of}`).delete() as Promise<unknown>;
    expect(await failure(member(id))).toMatchObject({ statusCode: 403 });
    await harness.settings({ permissions: [...least, 'User.DeleteRestore.All'] });
    expect(await failure(member(alex))).toMatchObject({ statusCode: 404 });
    await member(id);
    expect((await harness.state()).users.map((user) => user.id)).not.toContain(id);
  });
});

describe('checking memberships', () => {
  const check = (id: string, groupIds: unknown) =>
    harness.graph.api(`/users/${id}/checkMemberGroups`).post({ groupIds }) as Promise<{ value: string[] }>;

  it('finds those of the groups that the person is in, also through others, and no more', async () => {
    const id = await guest();
    await addMember(harness.graph, groups.crm, id);
    await addMember(harness.graph, groups.partners, groups.crm);
    expect((await check(id, [groups.partners, groups.dynamic, unknown])).value).toEqual([groups.partners]);
    const both = await check(id, [groups.partners, groups.crm]);
    expect(both.value.sort()).toEqual([groups.partners, groups.crm].sort());
    expect((await check(id, [])).value).toEqual([]);
  });

  it('costs four units and no write', async () => {
    await harness.settings({ writesPer150s: 1 });
    for (let time = 0; time < 3; time += 1) await check(alex, [groups.crm]);
    expect((await harness.ledger()).at(-1)?.responseHeaders['x-ms-resource-unit']).toBe('4');
  });

  it.each([
    ['of 21 groups', Array.from({ length: 21 }, () => groups.crm)],
    ['of what is no id', ['crm']],
    ['of no list', groups.crm],
  ])('%s is a 400', async (_what, groupIds) => {
    expect(await failure(check(alex, groupIds))).toMatchObject({ statusCode: 400 });
  });

  it('of a guest that is not replicated is a 404', async () => {
    await harness.settings({ replicationDelayMs: 60_000 });
    expect(await failure(check(await guest(), [groups.crm]))).toMatchObject({ statusCode: 404 });
  });

  it('needs a permission to read', async () => {
    await harness.settings({ permissions: ['User.Invite.All'] });
    expect(await failure(check(alex, [groups.crm]))).toMatchObject({ statusCode: 403 });
  });
});

describe('deleting a guest', () => {
  const remove = (id: string) => harness.graph.api(`/users/${id}`).delete() as Promise<unknown>;

  it('takes a permission of its own', async () => {
    expect(await failure(remove(await guest()))).toMatchObject({
      statusCode: 403,
      code: 'Authorization_RequestDenied',
    });
  });

  it('hides what the guest had until it is restored', async () => {
    await harness.settings({ permissions: [...least, 'User.DeleteRestore.All'] });
    const id = await guest();
    await addMember(harness.graph, groups.crm, id);
    await assignRole(harness.graph, wiki, id, reader);
    await remove(id);
    const members = `/groups/${groups.crm}/members`;
    const assigned = `/servicePrincipals/${wiki}/appRoleAssignedTo`;
    for (const path of [members, assigned]) {
      expect(await harness.graph.api(path).get()).toMatchObject({ value: [] });
    }
    expect(await failure(remove(id))).toMatchObject({ statusCode: 404 });
    const deleted = '/directory/deletedItems/microsoft.graph.user?$select=id';
    expect(await harness.graph.api(deleted).get()).toMatchObject({ value: [{ id }] });
    await harness.graph.api(`/directory/deletedItems/${id}/restore`).post({});
    for (const path of [members, assigned]) {
      expect(((await harness.graph.api(path).get()) as { value: unknown[] }).value).toHaveLength(1);
    }
  });

  it.each(['a directory role', 'a group that may carry one'])(
    'who has %s is refused, and so is blocking',
    async (what) => {
      const roles = 'RoleManagement.ReadWrite.Directory';
      await harness.settings({ permissions: [...least, 'User.ReadWrite.All', roles] });
      const id = await guest();
      if (what === 'a directory role') {
        await harness.control('PATCH', `/users/${id}`, { administrator: true });
      } else {
        await addMember(harness.graph, groups.helpdesk, id);
      }
      expect(await failure(remove(id))).toMatchObject({ statusCode: 403 });
      const change = (body: object) => harness.graph.api(`/users/${id}`).patch(body) as Promise<unknown>;
      expect(await failure(change({ accountEnabled: false }))).toMatchObject({ statusCode: 403 });
      await change({ companyName: 'Fabrikam' });
    },
  );
});

describe('an app role', () => {
  it('is assigned, listed from both sides, and taken away', async () => {
    const id = await guest();
    const { id: assignmentId } = await assignRole(harness.graph, wiki, id, reader);
    const expected = {
      value: [{ id: assignmentId, principalId: id, principalType: 'User', resourceId: wiki }],
    };
    expect(await harness.graph.api(`/users/${id}/appRoleAssignments`).get()).toMatchObject(expected);
    expect(await harness.graph.api(`/servicePrincipals/${wiki}/appRoleAssignedTo`).get()).toMatchObject(
      expected,
    );
    await harness.graph.api(`/servicePrincipals/${wiki}/appRoleAssignedTo/${assignmentId}`).delete();
    const [user] = (await harness.state()).users.filter((one) => one.id === id);
    expect(user?.appRoles).toEqual([]);
  });

  it('twice is a 400, which only its message tells apart', async () => {
    const id = await guest();
    await assignRole(harness.graph, wiki, id, reader);
    const error = await failure(assignRole(harness.graph, wiki, id, reader));
    expect(error).toMatchObject({ statusCode: 400, code: 'Request_BadRequest' });
    expect(error.message).toBe('Permission being assigned already exists on the object');
  });

  it('is refused for a new guest even when reads already show it', async () => {
    await harness.settings({ replicationDelayMs: 1000 });
    const id = await guest();
    await eventually(() => harness.graph.api(`/users/${id}`).get() as Promise<unknown>);
    const error = await failure(assignRole(harness.graph, wiki, id, reader));
    expect(error).toMatchObject({ statusCode: 400, message: 'Not a valid reference update.' });
    await eventually(() => assignRole(harness.graph, wiki, id, reader));
  });

  it.each([
    ['is disabled', wiki, '44444444-0000-4000-8000-000000000002'],
    ['is for applications', wiki, '44444444-0000-4000-8000-000000000003'],
    ['is the default one of an app with roles', wiki, noRole],
    ['does not exist', crm, reader],
  ])('that %s is refused', async (_reason, app, role) => {
    const error = await failure(assignRole(harness.graph, app, alex, role));
    expect(error.statusCode).toBe(400);
    expect(error.message).toMatch(/Permission being assigned was not found on application/);
  });

  it('of an app without roles is the default one', async () => {
    await assignRole(harness.graph, crm, alex, noRole);
    const byAppId = "/servicePrincipals(appId='55555555-0000-4000-8000-000000000002')/appRoleAssignedTo";
    const { value } = (await harness.graph.api(byAppId).get()) as { value: { principalId: string }[] };
    expect(value.map(({ principalId }) => principalId)).toEqual([groups.crm, alex]);
  });
});
