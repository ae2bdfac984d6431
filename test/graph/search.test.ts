import { getApp, searchApps } from '../../src/graph/apps.js';
import type { Graph } from '../../src/graph/graph.js';
import { groupObstacle, searchGroups } from '../../src/graph/groups.js';
import { MalformedCursor } from '../../src/graph/search.js';
import { searchUsers } from '../../src/graph/users.js';
import type { LedgerEntry } from '../../simulator/ledger.js';
import { checkExchange, hasContract } from '../support/contract.js';
import { graphOf } from '../support/graphOf.js';
import { startTenant, type Tenant } from '../support/tenant.js';

let tenant: Tenant;
let graph: Graph;

beforeAll(async () => {
  tenant = await startTenant();
  graph = graphOf(tenant);
});
afterAll(() => tenant.close());
afterEach(async () => {
  await tenant.clearFaults();
  if (!hasContract) return;
  const ledger = await fetch(`${tenant.peopleUrl}/control/ledger`);
  expect(((await ledger.json()) as LedgerEntry[]).flatMap(checkExchange)).toEqual([]);
});

const names = (items: { displayName?: string | null | undefined }[]) =>
  items.map(({ displayName }) => displayName);

describe('groups', () => {
  test.each([
    ['the start of a word, wherever it stands', 'part', ['All partners', 'Partner news']],
    ['several words in any order', 'partners all', ['All partners']],
    ['upper and lower case alike', 'WIKI', ['Wiki readers']],
    ['nothing for what nobody is called', 'zebra', []],
    ['quotes, doubled or not', `o'"\\`, []],
    ['what a query is made of', 'a#b&c+d?$top=1%26', []],
    ['another clause', 'zebra" OR "displayName:crm', []],
    ['control characters', 'crm\r\n\u0000', ['CRM users']],
  ])('are found by %s', async (_, text, found) => {
    expect(names((await searchGroups(graph, text)).items)).toEqual(found);
  });

  test('are all found when no word is asked for, each with what is against it', async () => {
    const { items } = await searchGroups(graph, ' " ');
    expect(items.map((group) => groupObstacle(group)).filter(Boolean)).toEqual([
      'dynamic',
      'roleAssignable',
      'mailEnabled',
      'onPremises',
    ]);
  });
});

describe('people', () => {
  beforeAll(async () => {
    for (let number = 0; number < 45; number += 1) {
      await tenant.addUser({ mail: `walter${number}@fabrikam.com`, displayName: `Walter ${number}` });
    }
  });

  test.each([
    ['first name', 'ada', ['Ada Admin']],
    ['last name', 'wilb', ['Alex Wilber']],
    ['sign-in name', 'nils@contoso', ['Nils Norole']],
    ['mail address', 'lee@contoso.com', ['Lee Gu']],
  ])('are found by %s', async (_, text, found) => {
    expect(names((await searchUsers(graph, text)).items)).toEqual(found);
  });

  test('come twenty at a time, each once', async () => {
    const seen: string[] = [];
    const sizes: number[] = [];
    let cursor: string | null = null;
    do {
      const page: Awaited<ReturnType<typeof searchUsers>> = await searchUsers(
        graph,
        'walter',
        cursor === null ? {} : { cursor },
      );
      seen.push(...page.items.map(({ id }) => id));
      sizes.push(page.items.length);
      cursor = page.next;
    } while (cursor !== null);
    expect(sizes).toEqual([20, 20, 5]);
    expect(new Set(seen).size).toBe(45);
  });

  test.each([
    ['another host', () => 'https://evil.example/v1.0/users?$top=1'],
    ['our host as a user name', () => `${graph.baseUrl.replace('://', '://evil.example@')}/users?$top=1`],
    ['our base as a prefix', () => `${graph.baseUrl}.evil.example/users?$top=1`],
    ['another collection', () => `${graph.baseUrl}/groups?$top=1`],
    ['a path below', () => `${graph.baseUrl}/users/../groups?$top=1`],
    ['one person', () => `${graph.baseUrl}/users/11111111-0000-4000-8000-000000000001?$select=id`],
    ['a fragment', () => `${graph.baseUrl}/users?$top=1#x`],
    ['a line break', () => `${graph.baseUrl}/users?$top=1\r\nX: y`],
    ['letters outside ASCII', () => `${graph.baseUrl}/users?$filter=å`],
    ['no query', () => `${graph.baseUrl}/users`],
    ['a path only', () => '/users?$top=1'],
    ['nothing', () => ''],
    ['a script', () => 'javascript:alert(1)'],
    ['five thousand characters', () => `${graph.baseUrl}/users?$skiptoken=${'x'.repeat(5000)}`],
  ])('are not looked for by a cursor with %s', async (_, cursor) => {
    const before = (await tenant.graphCalls()).length;
    await expect(searchUsers(graph, 'walter', { cursor: cursor() })).rejects.toThrow(MalformedCursor);
    expect(await tenant.graphCalls()).toHaveLength(before);
  });

  test('are not followed to where a link of another host leads', async () => {
    await tenant.fault({
      on: 'graph',
      path: '/users$',
      fault: {
        kind: 'status',
        status: 200,
        body: { value: [], '@odata.nextLink': 'https://evil.example/v1.0/users?$skiptoken=x' },
      },
    });
    expect(await searchUsers(graph, 'walter')).toEqual({ items: [], next: null });
  });
});

describe('apps', () => {
  test('name the roles that people can have, and neither switched-off ones nor those for apps', async () => {
    expect((await searchApps(graph, 'wiki')).items).toEqual([
      {
        servicePrincipalId: '33333333-0000-4000-8000-000000000001',
        name: 'Contoso Wiki',
        homepage: 'https://wiki.contoso.com',
        roles: [{ id: '44444444-0000-4000-8000-000000000001', name: 'Reader' }],
        obstacle: null,
      },
    ]);
  });

  test('without roles take the default one; Microsoft Graph takes nobody', async () => {
    const [crm] = (await searchApps(graph, 'crm')).items;
    expect(crm).toMatchObject({
      roles: [{ id: '00000000-0000-0000-0000-000000000000', name: '' }],
      obstacle: null,
    });
    const [microsoft] = (await searchApps(graph, 'microsoft graph')).items;
    expect(microsoft).toMatchObject({ obstacle: 'microsoftGraph' });
  });

  test('are read one by one too', async () => {
    expect(await getApp(graph, '33333333-0000-4000-8000-000000000001')).toMatchObject({
      name: 'Contoso Wiki',
    });
  });
});

test.each([
  ['throttled', { kind: 'status', status: 429, headers: { 'Retry-After': '7' } }],
  // Our token has the permission: the refusal has another reason.
  ['rejected', { kind: 'status', status: 403 }],
  ['unavailable', { kind: 'status', status: 503 }],
  ['unavailable', { kind: 'reset', when: 'before' }],
  ['unavailable', { kind: 'html', status: 200 }],
  ['unavailable', { kind: 'truncate' }],
])('a search that is %s says so', async (kind, fault) => {
  await tenant.fault({ on: 'graph', path: '/groups$', fault });
  await expect(searchGroups(graph, 'crm')).rejects.toMatchObject({ name: 'GraphFault', kind });
});

test('a search for which our token has no permission names it', async () => {
  await tenant.settings({ permissions: ['User.Invite.All', 'User.Read.All'] });
  await expect(searchGroups(graph, 'crm')).rejects.toMatchObject({
    kind: 'forbidden',
    permission: 'GroupMember.ReadWrite.All',
  });
});
