import { alex, failure, startHarness, type Harness } from './harness.js';

type Page = { value: Record<string, unknown>[]; '@odata.nextLink'?: string };
let harness: Harness;

beforeAll(async () => {
  harness = await startHarness();
});
afterAll(() => harness.simulator.close());
beforeEach(() => harness.control('POST', '/reset'));

const get = (path: string, headers: Record<string, string> = {}) =>
  harness.graph.api(path).headers(headers).get() as Promise<Page>;
const eventual = { ConsistencyLevel: 'eventual' };

describe('$filter', () => {
  beforeEach(async () => {
    await harness.invite("o'brien@fabrikam.com");
    await harness.control('POST', '/users', { mail: 'bob@fabrikam.com', otherMails: ['b.ob@fabrikam.com'] });
  });

  it.each([
    ["mail eq 'ALEX@contoso.com'", ['alex@contoso.com']],
    ["mail eq 'o''brien@fabrikam.com'", ["o'brien@fabrikam.com"]],
    ["otherMails/any(x:x eq 'B.ob@fabrikam.com')", ['bob@fabrikam.com']],
    ["proxyAddresses/any(x:x eq 'SMTP:bob@fabrikam.com')", ['bob@fabrikam.com']],
    ["mail eq 'x@y.z' or userPrincipalName eq 'megan@contoso.com'", ['megan@contoso.com']],
    ["userType eq 'Guest' and accountEnabled eq true", ["o'brien@fabrikam.com", 'bob@fabrikam.com']],
    ["creationType eq 'Invitation' and (startsWith(mail, 'b') or mail in ('none'))", ['bob@fabrikam.com']],
  ])('%s', async (filter, mails) => {
    const { value } = await get(`/users?$filter=${encodeURIComponent(filter)}`);
    expect(value.map((user) => user.mail)).toEqual(mails);
  });

  it.each([
    ["planet eq 'x'", 'BadRequest'],
    ["mail eq 'x", 'BadRequest'],
    ["mail ne 'x'", 'Request_UnsupportedQuery'],
    ["endsWith(mail, 'com')", 'Request_UnsupportedQuery'],
    ["companyName eq 'x'", 'Request_UnsupportedQuery'],
  ])('%s is refused', async (filter, code) => {
    expect(await failure(get(`/users?$filter=${encodeURIComponent(filter)}`))).toMatchObject({
      statusCode: 400,
      code,
    });
  });

  it('goes further as an advanced query', async () => {
    const { value } = await get("/users?$count=true&$filter=endsWith(mail,'@fabrikam.com')", eventual);
    expect(value).toHaveLength(2);
  });

  it('finds service principals by name and appId', async () => {
    const { value } = await get("/servicePrincipals?$filter=displayName eq 'Contoso Wiki'");
    const appId = String(value[0]?.appId);
    expect((await get(`/servicePrincipals?$filter=appId eq '${appId}'`)).value).toEqual(value);
  });
});

describe('$select', () => {
  it('shows the selected fields and no others; without $select the default fields', async () => {
    const selected: unknown = await get(`/users/${alex}?$select=mail,userType`);
    expect(selected).toEqual({
      '@odata.context': expect.any(String) as string,
      mail: 'alex@contoso.com',
      userType: 'Member',
    });
    const byDefault = await get(`/users/${alex}`);
    expect(byDefault).toHaveProperty('userPrincipalName');
    expect(byDefault).not.toHaveProperty('userType');
  });

  it('refuses a property that does not exist', async () => {
    expect(await failure(get('/groups?$select=planet'))).toMatchObject({ statusCode: 400 });
  });
});

describe('paging', () => {
  it('follows next links to the end, over pages of 100 unless told otherwise', async () => {
    for (let number = 0; number < 120; number += 1) {
      await harness.control('POST', '/users', { mail: `guest${number}@fabrikam.com` });
    }
    const first = await get("/users?$filter=userType eq 'Guest'&$select=id");
    expect(first.value).toHaveLength(100);
    const next = await get(first['@odata.nextLink'] ?? '');
    expect(next.value).toHaveLength(20);
    expect(next['@odata.nextLink']).toBeUndefined();
    expect(new Set([...first.value, ...next.value].map((user) => user.id)).size).toBe(120);
  });

  it('refuses more than 999', async () => {
    expect((await get('/groups?$top=999')).value).toHaveLength(9);
    expect(await failure(get('/groups?$top=1000'))).toMatchObject({ statusCode: 400 });
  });
});

describe('groups', () => {
  it('are searched only with ConsistencyLevel: eventual', async () => {
    const search = '/groups?$search="displayName:partners all"';
    expect(await failure(get(search))).toMatchObject({ code: 'Request_UnsupportedQuery' });
    const { value } = await get(search, eventual);
    expect(value.map((group) => group.displayName)).toEqual(['All partners']);
  });

  it.each([
    ['"displayName:wiki" OR "displayName:crm"', ['CRM users', 'Wiki readers']],
    ['"displayName:partner" AND ("displayName:news" OR "displayName:wiki")', ['Partner news']],
    ['"mail:partner-n"', ['Partner news']],
    ['"mail:news"', []],
    ['"displayName:\\"crm\\\\"', ['CRM users']],
  ])('are searched by %s', async (search, names) => {
    const { value } = await get(`/groups?$search=${encodeURIComponent(search)}`, eventual);
    expect(value.map((group) => group.displayName)).toEqual(names);
  });

  it.each([
    'displayName:crm',
    '"displayName:crm',
    '"crm"',
    '"displayName:a" "displayName:b"',
    '("displayName:a"',
  ])('are not searched by %s', async (search) => {
    const refused = get(`/groups?$search=${encodeURIComponent(search)}`, eventual);
    expect(await failure(refused)).toMatchObject({ statusCode: 400, code: 'BadRequest' });
  });

  it('are counted only with ConsistencyLevel: eventual', async () => {
    expect(await failure(get('/groups/$count'))).toMatchObject({ code: 'Request_BadRequest' });
    const count: unknown = await get('/groups/$count', eventual);
    expect(Number(count)).toBe(9);
    expect(await get('/groups?$count=true')).not.toHaveProperty(['@odata.count']);
    expect(await get('/groups?$count=true', eventual)).toHaveProperty(['@odata.count'], 9);
  });

  it('are found by the start of their name', async () => {
    const { value } = await get("/groups?$filter=startsWith(displayName,'wiki')");
    expect(value).toHaveLength(1);
  });
});

it('the organization names its verified domains', async () => {
  const { value } = await get('/organization');
  expect(value[0]?.verifiedDomains).toHaveLength(2);
});

it('throttles by resource units and by writes, and recovers', async () => {
  await harness.settings({ resourceUnitsPer10s: 20 });
  let refused;
  for (let call = 0; call < 30 && !refused; call += 1) {
    refused = await get('/groups').then(
      () => undefined,
      (error: unknown) => error,
    );
  }
  expect(refused).toMatchObject({ statusCode: 429, code: 'TooManyRequests' });
  const entry = (await harness.ledger()).at(-1);
  const wait = Number(entry?.responseHeaders['retry-after']);
  expect(wait).toBeGreaterThan(0);
  expect(wait).toBeLessThan(1);
  expect(entry?.responseHeaders['x-ms-throttle-scope']).toMatch(/^Tenant_Application\/ReadWrite\//);
  expect(entry?.processed).toBe(false);

  await harness.settings({ resourceUnitsPer10s: 3500, writesPer150s: 1 });
  await harness.invite('ann@fabrikam.com');
  const second = await failure(harness.invite('bob@fabrikam.com'));
  expect(second.statusCode).toBe(429);
  expect((await harness.ledger()).at(-1)?.responseHeaders).toMatchObject({
    'x-ms-throttle-information': 'WriteLimitExceeded',
  });
});

it('refills its bucket of 3,000 writes at 20 a second, and counts what it refused', async () => {
  type Throttling = { refused: number; writesLeft: number; unitsLeft: number };
  const throttling = async () => (await (await harness.control('GET', '/throttling')).json()) as Throttling;
  await harness.control('POST', '/reset');
  expect(await throttling()).toEqual({ refused: 0, writesLeft: 3000, unitsLeft: 3500 });
  await harness.invite('ann@fabrikam.com');
  await get('/groups');
  expect((await throttling()).writesLeft).toBeGreaterThanOrEqual(2999);
  await harness.settings({ writesPer150s: 1 });
  await harness.invite('bob@fabrikam.com');
  await failure(harness.invite('cyd@fabrikam.com'));
  await failure(harness.invite('cyd@fabrikam.com'));
  await get('/groups');
  expect(await throttling()).toMatchObject({ refused: 2 });
  await harness.settings({ writesPer150s: 3000 });
  await new Promise((resume) => setTimeout(resume, 250));
  const { writesLeft } = await throttling();
  expect(writesLeft).toBeGreaterThan(4);
  expect(writesLeft).toBeLessThan(300);
  await harness.control('DELETE', '/throttling');
  expect(await throttling()).toMatchObject({ refused: 0, writesLeft: 3000 });
});
