import { z } from 'zod';
import { getInBatches } from '../../src/graph/batch.js';
import type { Graph } from '../../src/graph/graph.js';
import { GraphFault } from '../../src/graph/graphFault.js';
import { addMember } from '../../src/graph/groups.js';
import { checkMemberGroups, checkMemberGroupsOfMany, findUsersByAddresses } from '../../src/graph/users.js';
import { seed } from '../../simulator/seed.js';
import { groups } from '../simulator/harness.js';
import { graphOf } from '../support/graphOf.js';
import { startTenant, type Tenant } from '../support/tenant.js';

let tenant: Tenant;
let graph: Graph;
const signal = AbortSignal.timeout(100_000);

beforeAll(async () => {
  tenant = await startTenant();
  graph = graphOf(tenant);
});
afterAll(() => tenant.close());
beforeEach(() => fetch(`${tenant.peopleUrl}/control/reset`, { method: 'POST' }));

const object = z.object({ id: z.string() });
const unknown = '99999999-0000-4000-8000-000000000001';
const staff = (last: number) => `11111111-0000-4000-8000-00000000000${last}`;
const userCalls = (...ids: string[]) => ids.map((id) => ({ path: `/users/${id}?$select=id` }));
const batches = () => tenant.graphCalls('POST', /\$batch$/);
const kindOf = (one: unknown) => (one instanceof GraphFault ? one.kind : 'answer');

describe('reading in batches', () => {
  test('gives each answer its place, and a fault to what is refused', async () => {
    const ids = [staff(1), unknown, staff(2)];
    const found = await getInBatches(graph, userCalls(...ids), object, { signal });
    expect(found).toEqual([{ id: staff(1) }, expect.any(GraphFault), { id: staff(2) }]);
    expect(found[1]).toMatchObject({ kind: 'notFound', status: 404, code: 'Request_ResourceNotFound' });
    expect((found[1] as GraphFault).requestId).not.toBeNull();
    expect(await batches()).toHaveLength(1);
  });

  test('sends twenty in a batch, and no batch for nothing', async () => {
    const ids = Array.from({ length: 45 }, (_, index) => staff((index % 5) + 1));
    const found = await getInBatches(graph, userCalls(...ids), object, { signal });
    expect(found).toEqual(ids.map((id) => ({ id })));
    const sizes = (await batches()).map(
      ({ requestBody }) => (requestBody as { requests: [] }).requests.length,
    );
    expect(sizes.sort()).toEqual([20, 20, 5]);
    expect(await getInBatches(graph, [], object, { signal })).toEqual([]);
    expect(await batches()).toHaveLength(3);
  });

  test('sends only what was throttled again, after the pause that was asked for', async () => {
    const body = { error: { code: 'TooManyRequests', message: 'Please retry again later.' } };
    const fault = { kind: 'status', status: 429, headers: { 'Retry-After': '0.3' }, body };
    await tenant.fault({ on: 'graph', path: staff(2), times: 2, fault });
    const start = performance.now();
    const found = await getInBatches(graph, userCalls(staff(1), staff(2)), object, { signal });
    expect(found).toEqual([{ id: staff(1) }, { id: staff(2) }]);
    expect(performance.now() - start).toBeGreaterThan(590);
    const sent = (await batches()).map(
      ({ requestBody }) => (requestBody as { requests: [] }).requests.length,
    );
    expect(sent).toEqual([2, 1, 1]);
  });

  test('gives up on what stays throttled after three times', async () => {
    const fault = { kind: 'status', status: 429, headers: { 'Retry-After': '0.01' } };
    await tenant.fault({ on: 'graph', path: staff(2), times: 0, fault });
    const found = await getInBatches(graph, userCalls(staff(1), staff(2)), object, { signal });
    expect(found.map(kindOf)).toEqual(['answer', 'throttled']);
    expect(found[1]).toMatchObject({ retryAfterSeconds: 0.01 });
    expect(await batches()).toHaveLength(4);
  });

  test('ends when it is told to, also in a pause', async () => {
    const fault = { kind: 'status', status: 429, headers: { 'Retry-After': '60' } };
    await tenant.fault({ on: 'graph', path: staff(2), times: 0, fault });
    const soon = AbortSignal.timeout(300);
    const read = getInBatches(graph, userCalls(staff(2)), object, { signal: soon });
    await expect(read).rejects.toMatchObject({ name: 'GraphFault', kind: 'unavailable' });
  });

  test.each([
    [{ kind: 'status', status: 503 }, 'unavailable'],
    [{ kind: 'status', status: 429, headers: { 'Retry-After': '7' } }, 'throttled'],
    [{ kind: 'truncate' }, 'unavailable'],
    [{ kind: 'status', status: 200, body: { answers: [] } }, 'unavailable'],
  ])('throws when the batch itself is answered with %j', async (fault, kind) => {
    await tenant.fault({ on: 'graph', path: '^/\\$batch$', fault });
    const read = getInBatches(graph, userCalls(staff(1)), object, { signal });
    await expect(read).rejects.toMatchObject({ name: 'GraphFault', kind });
  });

  test.each([
    ['breaks', { kind: 'reset', when: 'before' }],
    ['is a page', { kind: 'html', status: 200 }],
    ['is of another shape', { kind: 'status', status: 200, body: { name: 'x' } }],
  ])('gives a fault to an answer that %s', async (_, fault) => {
    await tenant.fault({ on: 'graph', path: staff(2), fault });
    const found = await getInBatches(graph, userCalls(staff(1), staff(2)), object, { signal });
    expect(found.map(kindOf)).toEqual(['answer', 'unavailable']);
  });

  test('gives a fault to what the batch leaves out', async () => {
    const body = { responses: [{ id: '1', status: 200, body: { id: staff(2) } }] };
    await tenant.fault({ on: 'graph', path: '^/\\$batch$', fault: { kind: 'status', status: 200, body } });
    const found = await getInBatches(graph, userCalls(staff(1), staff(2)), object, { signal });
    expect(found.map(kindOf)).toEqual(['unavailable', 'answer']);
  });

  test('names the permission that is missing', async () => {
    await tenant.settings({ permissions: ['User.Invite.All'] });
    await graph.grantedPermissions(signal);
    const found = await getInBatches(graph, userCalls(staff(1)), object, { signal });
    expect(found[0]).toMatchObject({ kind: 'forbidden', permission: 'User.Read.All' });
    await tenant.settings({ permissions: seed.permissions });
    await graph.grantedPermissions(signal);
  });

  test('knows a refusal that no permission would change', async () => {
    const body = { error: { code: 'Authorization_RequestDenied', message: 'No' } };
    await tenant.fault({ on: 'graph', path: staff(1), fault: { kind: 'status', status: 403, body } });
    const found = await getInBatches(graph, userCalls(staff(1)), object, { signal });
    expect(found[0]).toMatchObject({ kind: 'rejected', status: 403 });
  });
});

test('many addresses are looked for as one is', async () => {
  const { id } = await tenant.addUser({
    mail: "o'neil@fabrikam.com",
    otherMails: ['alias+tag@fabrikam.com'],
  });
  const addresses = [
    "o'neil@fabrikam.com",
    'nobody@fabrikam.com',
    'alias+tag@fabrikam.com',
    'alex@contoso.com',
  ];
  const found = await findUsersByAddresses(graph, addresses, signal);
  const ids = found.map((one) => (one instanceof GraphFault ? one : one.map((user) => user.id)));
  expect(ids).toEqual([[id], [], [id], [staff(1)]]);
});

describe('memberships', () => {
  test('are checked, also through groups, for more groups than one call takes', async () => {
    await addMember(graph, groups.crm, staff(1));
    await addMember(graph, groups.partners, groups.crm);
    const others = Array.from(
      { length: 30 },
      (_, index) => `99999999-0000-4000-8000-${String(index).padStart(12, '0')}`,
    );
    const asked = [groups.crm, ...others, groups.partners, groups.dynamic];
    const found = await checkMemberGroups(graph, staff(1), asked, signal);
    expect([...found].sort()).toEqual([groups.crm, groups.partners].sort());
    expect(await checkMemberGroups(graph, staff(1), [], signal)).toEqual(new Set());
    await expect(checkMemberGroups(graph, unknown, asked, signal)).rejects.toMatchObject({
      kind: 'notFound',
    });
  });

  test('of many people are checked together', async () => {
    await addMember(graph, groups.crm, staff(1));
    const found = await checkMemberGroupsOfMany(graph, [staff(2), unknown, staff(1)], [groups.crm], signal);
    expect(found).toEqual([new Set(), expect.any(GraphFault), new Set([groups.crm])]);
    expect(await batches()).toHaveLength(1);
  });
});
