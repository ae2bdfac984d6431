import { assignAppRole, findAppRoleAssignments, removeAppRole } from '../../src/graph/apps.js';
import type { Graph } from '../../src/graph/graph.js';
import { addMember, removeMember } from '../../src/graph/groups.js';
import { deleteUser } from '../../src/graph/users.js';
import { seed } from '../../simulator/seed.js';
import { groups, reader, wiki } from '../simulator/harness.js';
import { graphOf } from '../support/graphOf.js';
import { startTenant, type Tenant } from '../support/tenant.js';

// What takes back what a guest was given.

let tenant: Tenant;
let graph: Graph;
let guest: string;
const signal = AbortSignal.timeout(100_000);

beforeAll(async () => {
  tenant = await startTenant();
  graph = graphOf(tenant);
});
afterAll(() => tenant.close());
beforeEach(async () => {
  await fetch(`${tenant.peopleUrl}/control/reset`, { method: 'POST' });
  guest = (await tenant.addUser({ mail: 'ann@fabrikam.com' })).id;
});

async function permitted(...permissions: string[]): Promise<void> {
  await tenant.settings({ permissions });
  await graph.grantedPermissions(signal);
}

describe('a membership', () => {
  test('is removed once, and the guest stays', async () => {
    await addMember(graph, groups.crm, guest);
    expect(await removeMember(graph, groups.crm, guest, signal)).toMatchObject({ removed: true });
    const again = await removeMember(graph, groups.crm, guest, signal);
    expect(again.removed).toBe(false);
    expect(again.requestId).not.toBeNull();
    expect(await tenant.guest('ann@fabrikam.com')).toMatchObject({ groups: [] });
  });

  test('that is none is none, in the other words too', async () => {
    const message =
      "One or more removed object references do not exist for the following modified properties: 'members'.";
    const body = { error: { code: 'Request_BadRequest', message } };
    await tenant.fault({ on: 'graph', method: 'DELETE', fault: { kind: 'status', status: 400, body } });
    expect(await removeMember(graph, groups.crm, guest)).toMatchObject({ removed: false });
  });

  test.each([
    ['dynamic', groups.dynamic],
    ['mail-enabled', groups.news],
    ['on-premises', groups.factory],
  ])('of a %s group stays', async (_, group) => {
    await expect(removeMember(graph, group, guest)).rejects.toMatchObject({ kind: 'rejected' });
  });

  test('stays without the permission', async () => {
    await permitted('User.Read.All');
    await expect(removeMember(graph, groups.crm, guest)).rejects.toMatchObject({
      kind: 'forbidden',
      permission: 'GroupMember.ReadWrite.All',
    });
    await permitted(...seed.permissions);
  });
});

describe('an app role', () => {
  test('is found and taken away once', async () => {
    await assignAppRole(graph, { servicePrincipalId: wiki, appRoleId: reader }, guest);
    const found = await findAppRoleAssignments(graph, wiki, signal);
    expect(found).toEqual([{ id: expect.any(String) as string, principalId: guest, appRoleId: reader }]);
    const id = found[0]?.id ?? '';
    expect(await removeAppRole(graph, wiki, id, signal)).toMatchObject({ removed: true });
    expect(await removeAppRole(graph, wiki, id, signal)).toMatchObject({ removed: false });
    expect(await findAppRoleAssignments(graph, wiki)).toEqual([]);
  });

  test('is found on the pages after the first', async () => {
    await assignAppRole(graph, { servicePrincipalId: wiki, appRoleId: reader }, guest);
    const body = {
      value: [],
      '@odata.nextLink': `${graph.baseUrl}/servicePrincipals/${wiki}/appRoleAssignedTo`,
    };
    await tenant.fault({ on: 'graph', fault: { kind: 'status', status: 200, body } });
    expect(await findAppRoleAssignments(graph, wiki)).toMatchObject([{ principalId: guest }]);
  });

  test('is looked for on twenty pages at most', async () => {
    const body = {
      value: [],
      '@odata.nextLink': `${graph.baseUrl}/servicePrincipals/${wiki}/appRoleAssignedTo`,
    };
    await tenant.fault({ on: 'graph', times: 0, fault: { kind: 'status', status: 200, body } });
    expect(await findAppRoleAssignments(graph, wiki)).toEqual([]);
    expect(await tenant.graphCalls('GET', /appRoleAssignedTo$/)).toHaveLength(20);
  });
});

describe('a guest', () => {
  test('is deleted once, with the permission', async () => {
    await permitted(...seed.permissions);
    expect(await graph.isPermitted('deleteUsers', signal)).toBe(false);
    await expect(deleteUser(graph, guest)).rejects.toMatchObject({
      kind: 'forbidden',
      permission: 'User.DeleteRestore.All',
    });
    await permitted(...seed.permissions, 'User.DeleteRestore.All');
    expect(await graph.isPermitted('deleteUsers', signal)).toBe(true);
    expect(await deleteUser(graph, guest, signal)).toMatchObject({ deleted: true });
    const again = await deleteUser(graph, guest, signal);
    expect(again.deleted).toBe(false);
    expect(again.requestId).not.toBeNull();
    expect(await tenant.guest('ann@fabrikam.com')).toBeUndefined();
  });

  test('with a directory role stays, and no permission is missing', async () => {
    await permitted(...seed.permissions, 'User.DeleteRestore.All');
    const { id } = await tenant.addUser({ mail: 'root@fabrikam.com', administrator: true });
    await expect(deleteUser(graph, id)).rejects.toMatchObject({ kind: 'rejected', status: 403 });
    expect(await tenant.guest('root@fabrikam.com')).toBeDefined();
  });
});
