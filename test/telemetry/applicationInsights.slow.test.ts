import { aPolicy, aPartner } from '../support/aPolicy.js';
import { signUpUntil } from '../support/journey.js';
import { startPortal, type TestPortal } from '../support/portal.js';
import { waitFor } from '../support/waitFor.js';
import { connectionStringTo, startIngestion, type Envelope, type Ingestion } from './ingestion.js';

let ingestion: Ingestion;
beforeAll(async () => {
  ingestion = await startIngestion();
});
afterAll(() => ingestion.close());

const withInsights = (connectionString: string) =>
  startPortal({
    policy: aPolicy({ partners: [aPartner({ apps: ['crm', 'wiki'] })] }),
    env: { APPLICATIONINSIGHTS_CONNECTION_STRING: connectionString },
  });

describe('a sign-up that is seen in Application Insights', () => {
  let portal: TestPortal;
  let path: string;
  let all: Envelope[];
  const named = (name: string) =>
    all
      .filter(({ data }) => data.baseData.name === name)
      .map(({ tags, data }) => ({ tags, ...data.baseData }));
  const operation = 'ai.operation.id';
  const parent = 'ai.operation.parentId';

  beforeAll(async () => {
    portal = await withInsights(ingestion.connectionString);
    path = await portal.visitor().apply({ email: 'ana.seen@fabrikam.com', lastName: 'Unmistakable' });
    await signUpUntil(portal, 'provisioned', 'ana.seen@fabrikam.com', path);
    await portal.visitor().get(path).expect(200);
    await portal.visitor().get(`/no/such/page?email=ana.seen@fabrikam.com`).expect(404);
    await portal.stopWorker();
    await portal.deps.telemetry.close();
    all = ingestion.envelopes();
  });
  afterAll(() => portal.close());

  test('pages are requests, called after their routes, with what they were answered', () => {
    expect(named('POST /sign-up')).toMatchObject([{ responseCode: '303', success: true }]);
    expect(named('GET /requests/:token')).not.toHaveLength(0);
    expect(named('GET none')).toMatchObject([{ responseCode: '404' }]);
  });

  test('the work on a request is a trace of its own, linked to the sign-up, with the request’s id', async () => {
    const [signUp] = named('POST /sign-up');
    const { id } = await portal.deps.store.db.selectFrom('request').select('id').executeTakeFirstOrThrow();
    const works = named('provision').filter(({ properties }) => properties['portal.request.id'] === id);
    expect(works[0]?.tags[operation]).not.toBe(signUp?.tags[operation]);
    expect(JSON.parse(works[0]?.properties['_MS.links'] ?? '[]')).toEqual([
      { operation_Id: signUp?.tags[operation], id: signUp?.id },
    ]);
  });

  test('its steps, the calls of Graph in them and the mail are parts of it', () => {
    const trace = named('step invitation')[0]?.tags[operation];
    const kinds = ['lookup', 'invitation', 'group', 'app', 'mail'];
    for (const kind of kinds) expect(named(`step ${kind}`)[0]?.tags[operation]).toBe(trace);
    expect(named('provision').map(({ tags }) => tags[operation])).toContain(trace);
    expect(named('POST /invitations')).toMatchObject([
      { target: 'Microsoft Graph', success: true, tags: { [parent]: named('step invitation')[0]?.id } },
    ]);
    expect(named('POST /groups/{id}/members/$ref')).toHaveLength(2);
    expect(named('send mail')).toMatchObject([
      { success: true, tags: { [parent]: named('step mail')[0]?.id } },
    ]);
  });

  test('log lines name the trace that they belong to', () => {
    const ended = portal.logged().find(({ msg }) => msg === 'turn ended');
    expect(named('provision').map(({ tags }) => tags[operation])).toContain(ended?.traceId);
    const line = portal.logged().find(({ route }) => route === '/sign-up');
    expect(line?.traceId).toBe(named('POST /sign-up')[0]?.tags[operation]);
  });

  test('the figures arrive under the names that the alerts ask for', () => {
    const figures = all.flatMap(({ data }) =>
      (data.baseData.metrics ?? []).map(({ name, value }) => ({ name, value, ...data.baseData.properties })),
    );
    expect(figures).toContainEqual({ name: 'portal.requests.ended', value: 1, state: 'provisioned' });
    for (const name of ['portal.requests.failing', 'portal.queue.age', 'portal.queue.depth'])
      expect(figures).toContainEqual({ name, value: 0 });
  });

  test('nothing personal and no secret is sent', () => {
    const sent = ingestion.bodies.join('\n');
    const { clientSecret } = portal.tenant;
    const token = path.split('/').at(-1) ?? '';
    expect(token).toHaveLength(22);
    for (const word of [
      'ana.seen',
      'fabrikam',
      'Unmistakable',
      'Lind',
      token,
      clientSecret,
      'eyJ',
      '127.0.0.1',
    ]) {
      expect([word, sent.includes(word)]).toEqual([word, false]);
    }
  });

  test('nobody else is told: the exporter does not report on itself', () => {
    expect([...new Set(ingestion.asked)]).toEqual(['POST /v2.1/track']);
    expect(process.env.APPLICATION_INSIGHTS_NO_STATSBEAT).toBe('true');
  });
});

/** A portal whose traces cannot be taken, after a sign-up that went through all the same. */
async function afterASignUp(
  connectionString: string,
  work: (portal: TestPortal) => Promise<void>,
): Promise<void> {
  const portal = await withInsights(connectionString);
  try {
    await signUpUntil(portal, 'provisioned', 'leo@fabrikam.com');
    await portal.deps.telemetry.close();
    await work(portal);
  } finally {
    ingestion.mood = 'take';
    await portal.close();
  }
}

test('an endpoint that hangs holds up neither a page nor a stop', async () => {
  ingestion.mood = 'hang';
  await afterASignUp(ingestion.connectionString, (portal) => {
    expect(portal.logged()).toContainEqual(
      expect.objectContaining({ level: 'warn', msg: 'the last figures and traces could not be sent' }),
    );
    return Promise.resolve();
  });
});

test.each([
  ['refuses', () => ingestion.connectionString],
  ['is not there', () => connectionStringTo(1)],
])('an endpoint that %s is said once', async (_what, connectionString) => {
  ingestion.mood = 'refuse';
  await afterASignUp(connectionString(), async (portal) => {
    const said = () => portal.logged().filter(({ msg }) => msg === 'figures and traces cannot be sent');
    await waitFor('it to be said', () => said().length > 0);
    expect(said()).toHaveLength(1);
  });
});
