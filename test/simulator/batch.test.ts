import { checkExchange, hasContract } from '../support/contract.js';
import { addMember, alex, failure, groups, megan, startHarness, type Harness } from './harness.js';

let harness: Harness;

beforeAll(async () => {
  harness = await startHarness();
});
afterAll(() => harness.simulator.close());
beforeEach(() => harness.control('POST', '/reset'));

type Answer = { id: string; status: number; headers: Record<string, string>; body?: unknown };
const json = { 'Content-Type': 'application/json' };

async function batch(...requests: object[]): Promise<Record<string, Answer>> {
  const { responses } = (await harness.graph.api('/$batch').post({ requests })) as { responses: Answer[] };
  expect(responses).toHaveLength(requests.length);
  return Object.fromEntries(responses.map((one) => [one.id, one]));
}
const get = (id: string, url: string) => ({ id, method: 'GET', url });
const invitation = (id: string, address: string) => ({
  id,
  method: 'POST',
  url: '/invitations',
  headers: json,
  body: { invitedUserEmailAddress: address, inviteRedirectUrl: 'https://crm.contoso.com' },
});
const join = (id: string, group: string, user: string) => ({
  id,
  method: 'POST',
  url: `/groups/${group}/members/$ref`,
  headers: json,
  body: { '@odata.id': `https://graph.microsoft.com/v1.0/directoryObjects/${user}` },
});

it('answers each call by itself, with 200 for the whole', async () => {
  const answers = await batch(
    get('a', `/users/${alex}?$select=id`),
    get('b', `/users/${groups.crm}`),
    join('c', groups.crm, alex),
    join('d', groups.dynamic, alex),
    get('e', '/nonsense'),
    { id: 'f', method: 'POST', url: '/$batch', headers: json, body: { requests: [] } },
  );
  expect(answers.a).toMatchObject({ status: 200, body: { id: alex } });
  expect(answers.b).toMatchObject({ status: 404, body: { error: { code: 'Request_ResourceNotFound' } } });
  expect(answers.c).toMatchObject({ status: 204 });
  expect(answers.c).not.toHaveProperty('body');
  expect(answers.d).toMatchObject({ status: 403, body: { error: { code: 'Authorization_RequestDenied' } } });
  expect(answers.e).toMatchObject({ status: 400 });
  expect(answers.f).toMatchObject({ status: 400 });
  const [crm] = (await harness.state()).groups.filter(({ id }) => id === groups.crm);
  expect(crm?.members).toEqual([alex]);
  expect((await harness.ledger()).filter(({ path }) => path.startsWith('/v1.0/'))).toMatchObject([
    { method: 'POST', path: '/v1.0/$batch', status: 200, delivered: true, processed: true },
    { method: 'GET', path: `/v1.0/users/${alex}`, status: 200, delivered: true, processed: true },
    { status: 404, processed: true },
    { status: 204, processed: true },
    { status: 403, processed: true },
    { status: 400, processed: false },
    { status: 400, processed: false },
  ]);
});

it('answers in another order than it was asked', async () => {
  const requests = [get('1', '/groups?$top=1'), get('2', '/organization')];
  const { responses } = (await harness.graph.api('/$batch').post({ requests })) as { responses: Answer[] };
  expect(responses.map(({ id }) => id)).not.toEqual(['1', '2']);
});

it('sends what is no JSON in base64', async () => {
  const count = { ...get('1', '/users/$count'), headers: { ConsistencyLevel: 'eventual' } };
  const { '1': answer } = await batch(count);
  expect(Number(Buffer.from(String(answer?.body), 'base64').toString())).toBeGreaterThan(5);
});

const many = (count: number) => Array.from({ length: count }, (_, index) => get(String(index), '/groups'));

it.each([
  ['of 21 calls', { requests: many(21) }, 'MaximumValueExceeded', /exceeds the maximum value of 20/],
  ['of none', { requests: [] }, 'BadRequest', /Invalid batch payload/],
  ['without a list', { calls: [] }, 'BadRequest', /Invalid batch payload/],
  ['with something else in the list', { requests: [null] }, 'BadRequest', /Invalid batch payload/],
  ['without an id', { requests: [{ method: 'GET', url: '/groups' }] }, 'BadRequest', /Invalid batch/],
  [
    'with a strange method',
    { requests: [{ ...get('1', '/groups'), method: 'HEAD' }] },
    'BadRequest',
    /Invalid/,
  ],
  [
    'with one id twice',
    { requests: [get('a', '/groups'), get('A', '/users')] },
    'BadRequest',
    /Request Id A has to be unique/,
  ],
  [
    'with a whole address',
    { requests: [get('1', 'https://graph.microsoft.com/v1.0/groups')] },
    'BadRequest',
    /Invalid request URL/,
  ],
  [
    'with a body of no type',
    { requests: [{ ...invitation('7', 'ann@fabrikam.com'), headers: {} }] },
    'BadRequest',
    /Write request id : 7 does not contain Content-Type header or body/,
  ],
  [
    'with a write without a body',
    { requests: [{ id: '7', method: 'POST', url: `/users/${alex}/revokeSignInSessions`, headers: json }] },
    'BadRequest',
    /Write request id : 7/,
  ],
  [
    'with an order of its own',
    { requests: [get('1', '/groups'), { ...get('2', '/users'), dependsOn: ['1'] }] },
    'BadRequest',
    /dependsOn/,
  ],
])('%s is refused whole', async (_what, body, code, message) => {
  const error = await failure(harness.graph.api('/$batch').post(body) as Promise<unknown>);
  expect(error).toMatchObject({ statusCode: 400, code });
  expect(error.message).toMatch(message);
  expect((await harness.ledger()).filter(({ path }) => path.startsWith('/v1.0/'))).toHaveLength(1);
});

it('needs a token', async () => {
  const answer = await fetch(`${harness.simulator.graphUrl}/v1.0/$batch`, {
    method: 'POST',
    headers: json,
    body: JSON.stringify({ requests: many(1) }),
  });
  expect(answer.status).toBe(401);
});

it('authorises each call by itself', async () => {
  await harness.settings({ permissions: ['User.Read.All'] });
  const answers = await batch(
    get('1', `/users/${alex}`),
    get('2', '/groups'),
    invitation('3', 'ann@fabrikam.com'),
  );
  expect(Object.values(answers).map(({ id, status }) => [id, status])).toEqual([
    ['1', 200],
    ['2', 403],
    ['3', 401],
  ]);
});

it('throttles each call by itself', async () => {
  await harness.settings({ writesPer150s: 2 });
  const answers = await batch(
    ...['ann', 'bob', 'cyd'].map((name) => invitation(name, `${name}@fabrikam.com`)),
    get('read', `/users/${alex}`),
  );
  expect(answers).toMatchObject({ ann: { status: 201 }, bob: { status: 201 }, read: { status: 200 } });
  expect(answers.cyd).toMatchObject({ status: 429, body: { error: { code: 'TooManyRequests' } } });
  expect(Number(answers.cyd?.headers['Retry-After'])).toBeGreaterThan(70);
  expect(await (await harness.control('GET', '/throttling')).json()).toMatchObject({ refused: 1 });
});

describe('a fault', () => {
  it('for the calls of one domain strikes those within a batch', async () => {
    const fault = { kind: 'status', status: 503, body: { error: { code: 'x', message: 'y' } } };
    await harness.fault({ on: 'graph', domain: 'fabrikam.com', fault });
    const answers = await batch(invitation('1', 'ann@fabrikam.com'), invitation('2', 'dee@litware.com'));
    expect(answers).toMatchObject({ '1': { status: 503 }, '2': { status: 201 } });
  });

  it('for every call strikes the batch', async () => {
    await harness.fault({ on: 'graph', fault: { kind: 'status', status: 503 } });
    const error = await failure(harness.graph.api('/$batch').post({ requests: many(2) }) as Promise<unknown>);
    expect(error).toMatchObject({ statusCode: 503 });
  });

  it.each([
    ['before', 0],
    ['after', 1],
  ])('that loses one answer %s it is processed shows as a 504', async (when, guests) => {
    await harness.fault({ on: 'graph', path: '^/invitations$', fault: { kind: 'reset', when } });
    const answers = await batch(invitation('1', 'ann@fabrikam.com'), get('2', `/users/${alex}`));
    expect(answers).toMatchObject({ '1': { status: 504 }, '2': { status: 200 } });
    const found = (await harness.state()).users.filter(({ userType }) => userType === 'Guest');
    expect(found).toHaveLength(guests);
  });

  it('after the batch is processed leaves none of its answers', async () => {
    await harness.fault({ on: 'graph', path: '^/\\$batch$', fault: { kind: 'reset', when: 'after' } });
    const requests = [invitation('1', 'ann@fabrikam.com')];
    await failure(harness.graph.api('/$batch').post({ requests }) as Promise<unknown>);
    expect((await harness.ledger()).filter(({ path }) => path.startsWith('/v1.0/'))).toMatchObject([
      { processed: true, delivered: false },
      { processed: true, delivered: false, status: 201 },
    ]);
  });
});

it('takes the time of one call', async () => {
  await harness.settings({ latencyMs: 150 });
  const start = performance.now();
  await batch(...many(20));
  const took = performance.now() - start;
  expect(took).toBeGreaterThan(145);
  expect(took).toBeLessThan(1500);
});

const described = hasContract ? it : it.skip;
described('fits Microsoft’s description', async () => {
  await addMember(harness.graph, groups.crm, megan);
  await batch(
    get('1', `/users/${alex}`),
    join('2', groups.crm, megan),
    join('3', groups.crm, alex),
    invitation('4', 'ann@fabrikam.com'),
  );
  const entries = await harness.ledger();
  expect(entries.filter(({ path }) => path.startsWith('/v1.0/'))).toHaveLength(6);
  expect(entries.flatMap(checkExchange)).toEqual([]);
});
