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
