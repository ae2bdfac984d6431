import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { aPartner, aPolicy } from '../support/aPolicy.js';
import { FORM, type Visitor } from '../support/visitor.js';
import { waitFor } from '../support/waitFor.js';
import { openSite, type Ended, type PortalProcess, type Site } from './portalProcess.js';
import { provisionedAddresses } from './provisioned.js';

let site: Site;
let portal: PortalProcess;
/** How each process ended, with all that it logged. */
const lives: Ended[] = [];

beforeAll(async () => {
  site = await openSite();
  portal = await site.start();
});
afterAll(() => site.close());

/** Puts a policy in the place of the one that the running portal has. */
const writePolicy = (policy: object) => writeFile(site.policyFile, JSON.stringify(policy));

async function policyState(): Promise<string> {
  return ((await (await fetch(`${portal.url}/readyz`)).json()) as { policy: string }).policy;
}

async function signUp(visitor: Visitor, email: string) {
  const answer = await visitor.signUp({ email });
  return { status: answer.status, path: answer.headers.location ?? '' };
}

const answered = (path: string) =>
  waitFor(
    'the request to be answered',
    async () => (await portal.visitor().status(path)).status === 'answered',
    60_000,
  );

// PostgreSQL is there to be shared by several processes.
const onEmbeddedStore = process.env.DATABASE_URL ? test.skip : test;

onEmbeddedStore('a second process on the same folder is refused at once and says which', async () => {
  const began = performance.now();
  const { code, stderr } = await site.run({ PORT: '0' });
  expect(code).toBe(1);
  expect(stderr).toMatch(
    new RegExp(`^The embedded store ${site.database.dataDir}/store is in use by another portal process\\.`),
  );
  expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  // Most of it is the start of Node and the compilation of TypeScript.
  expect(performance.now() - began).toBeLessThan(10_000);
  expect((await fetch(`${portal.url}/readyz`)).status).toBe(200);
});

test('a faulty policy on disk changes nothing and is logged; a good one is taken up within seconds', async () => {
  await writePolicy(aPolicy({ partners: [aPartner({ domains: ['*.com'] })] }));
  await waitFor('the faulty policy to be noticed', async () => (await policyState()) === 'kept', 5_000);
  expect(portal.logged()).toContainEqual(
    expect.objectContaining({
      level: 'error',
      msg: 'policy file refused: the one in force stays',
      faults: [expect.objectContaining({ path: 'partners[0].domains[0]' })],
    }),
  );
  const { path } = await signUp(portal.visitor(), 'ana@fabrikam.com');
  await answered(path);

  await writePolicy(
    aPolicy({ partners: [aPartner(), aPartner({ id: 'litware', domains: ['litware.com'] })] }),
  );
  await waitFor('the good policy to be taken up', async () => (await policyState()) === 'current', 5_000);
  await answered((await signUp(portal.visitor(), 'leo@litware.com')).path);
});

test('a stop under load keeps every acknowledged sign-up, and nobody is invited or mailed twice', async () => {
  await site.tenant.settings({ latencyMs: 100 });
  const people = await Promise.all(
    Array.from({ length: 20 }, async (_, number) => {
      const visitor = portal.visitor();
      const fields = { ...FORM, _csrf: await visitor.csrf(), email: `load${number}@fabrikam.com` };
      return { visitor, fields };
    }),
  );
  const { hostname, port } = new URL(portal.url);
  const preconnected = connect(Number(port), hostname); // as browsers do
  preconnected.on('error', () => undefined);
  await once(preconnected, 'connect');

  const acknowledged: { email: string; path: string }[] = [];
  const posts = people.map(async ({ visitor, fields }) => {
    const answer = await visitor.postRaw('/sign-up', fields).catch(() => null);
    const path = answer?.status === 303 ? answer.headers.location : undefined;
    if (path !== undefined) acknowledged.push({ email: fields.email, path });
  });
  await waitFor('the work to be under way', () => acknowledged.length > 4);
  const began = performance.now();
  const ending = portal.end('SIGTERM');
  await Promise.all(posts);
  await waitFor(
    'the port to be closed',
    async () => (await fetch(portal.url).catch(() => null)) === null,
    5_000,
  );
  lives.push(await ending);
  expect(lives[0]).toMatchObject({ code: 0, signal: null, stderr: '' });
  expect(performance.now() - began).toBeLessThan(25_000);

  portal = await site.start();
  for (const { path } of acknowledged) await answered(path);
  expect(await provisionedAddresses(portal.visitor(), site.tenant)).toEqual(
    new Set(['ana@fabrikam.com', 'leo@litware.com', ...acknowledged.map(({ email }) => email)]),
  );
  const { users, mails } = await site.tenant.state();
  for (const { email } of acknowledged) {
    expect(users.filter(({ mail }) => mail === email)).toHaveLength(1);
    expect(mails.filter(({ to }) => to.includes(email))).toHaveLength(1);
  }
  expect(mails.map(({ to }) => to[0]).sort()).toEqual([...new Set(mails.map(({ to }) => to[0]))].sort());
});

test('two signals are one stop', async () => {
  const ending = portal.end('SIGINT');
  process.kill(portal.pid, 'SIGTERM');
  lives.push(await ending);
  expect(lives.at(-1)).toMatchObject({ code: 0, signal: null, stderr: '' });
});

test('the log is JSON, numbers its requests, and holds no address, token or link', () => {
  const lines = lives.flatMap(({ stdout }) => stdout.trimEnd().split('\n'));
  const logged = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  for (const line of logged) {
    expect(line).toMatchObject({
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT/) as string,
      level: expect.any(String) as string,
      msg: expect.any(String) as string,
    });
  }
  const answered = logged.filter(({ route }) => route !== undefined);
  expect(answered.length).toBeGreaterThan(20);
  for (const { httpRequestId } of answered) expect(httpRequestId).toMatch(/^[0-9a-f-]{36}$/);
  const ended = logged.filter(({ msg }) => msg === 'turn ended');
  expect(ended.length).toBeGreaterThan(5);
  for (const { requestId } of ended) expect(requestId).toMatch(/^[0-9a-f-]{36}$/);

  const text = lines.join('\n');
  expect(text).not.toMatch(/fabrikam|litware|@contoso/);
  expect(text).not.toMatch(/Bearer|eyJ|simulated-secret|portal\.csrf|_csrf|\/redeem/);
  expect(text).not.toMatch(/\/requests\/[\w-]{22}/);
});
