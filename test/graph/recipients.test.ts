import { createGraph, type Graph } from '../../src/graph/graph.js';
import { addMember } from '../../src/graph/groups.js';
import { findGroupRecipients, findRecipient } from '../../src/graph/recipients.js';
import { createLog } from '../../src/log.js';
import type { LedgerEntry } from '../../simulator/ledger.js';
import { GROUPS } from '../support/aPolicy.js';
import { checkExchange, hasContract } from '../support/contract.js';
import { APPROVERS, STAFF } from '../support/staff.js';
import { startTenant, type Tenant } from '../support/tenant.js';

let tenant: Tenant;
let graph: Graph;

const { signal } = new AbortController();

beforeAll(async () => {
  tenant = await startTenant();
  const { tenantId, clientId, clientSecret, graphUrl, authorityUrl } = tenant;
  graph = createGraph(
    {
      tenantId,
      graphUrl,
      authorityUrl,
      signIn: { clientId, clientSecret },
      graphCredential: { kind: 'clientSecret', clientId, clientSecret },
    },
    createLog('silent'),
  );
});
afterAll(() => tenant.close());
afterEach(async () => {
  await tenant.clearFaults();
  if (!hasContract) return;
  const ledger = await fetch(`${tenant.peopleUrl}/control/ledger`);
  expect(((await ledger.json()) as LedgerEntry[]).flatMap(checkExchange)).toEqual([]);
});

test('a person is found with what it takes to write to them', async () => {
  expect(await findRecipient(graph, STAFF.lia, signal)).toMatchObject({
    id: STAFF.lia,
    mail: 'lia@contoso.com',
    accountEnabled: true,
  });
});

test('a group is no person, a person no group, and an unknown id neither', async () => {
  expect(await findRecipient(graph, APPROVERS, signal)).toBeNull();
  expect(await findGroupRecipients(graph, STAFF.lia, 50, signal)).toBeNull();
  expect(await findGroupRecipients(graph, '55555555-0000-4000-8000-0000000000ff', 50, signal)).toBeNull();
});

test("a group's people are read page by page, up to as many as are asked for", async () => {
  for (let number = 0; number < 120; number++) {
    const { id } = await tenant.addUser({ mail: `member.${number}@contoso.com`, displayName: 'Member' });
    await addMember(graph, GROUPS.crm, id);
  }
  const all = await findGroupRecipients(graph, GROUPS.crm, 500, signal);
  expect(new Set(all?.map(({ mail }) => mail)).size).toBe(120);
  expect(await findGroupRecipients(graph, GROUPS.crm, 110, signal)).toHaveLength(110);
  expect(await findGroupRecipients(graph, GROUPS.crm, 50, signal)).toHaveLength(50);
});

test('a fault is no answer: nobody is taken for gone', async () => {
  await tenant.fault({ on: 'graph', path: '^/users/', fault: { kind: 'status', status: 503 } });
  await expect(findRecipient(graph, STAFF.lia, signal)).rejects.toMatchObject({ kind: 'unavailable' });
  await tenant.fault({ on: 'graph', path: 'members$', fault: { kind: 'truncate' } });
  await expect(findGroupRecipients(graph, APPROVERS, 50, signal)).rejects.toMatchObject({
    kind: 'unavailable',
  });
});
