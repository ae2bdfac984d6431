import { sql } from 'kysely';
import { WORKER_DEFAULTS } from '../../../src/jobs/worker.js';
import { pauseSecondsLeft } from '../../../src/store/pauses.js';
import { requestAt } from '../../support/ageRequest.js';
import { aPartner, aPolicy, GROUPS } from '../../support/aPolicy.js';
import { startDrippingMailServer, type DrippingMailServer } from '../../support/drippingMailServer.js';
import { signUpUntil } from '../../support/journey.js';
import { startPortal, type TestPortal, type TestPortalOptions } from '../../support/portal.js';
import { waitFor } from '../../support/waitFor.js';

// Each mail would keep its place for ever: the deadline takes it away, and after a few of them the mail server is left alone.

let server: DrippingMailServer;
let portal: TestPortal;

async function start(options: TestPortalOptions = {}): Promise<void> {
  server = await startDrippingMailServer();
  portal = await startPortal({ env: { SMTP_URL: server.url }, ...options });
}
afterEach(async () => {
  // First, since a stop waits for what hangs.
  await server.close();
  await portal.close();
});

const mailStepOf = (requestId: string) =>
  portal.deps.store.db
    .selectFrom('step')
    .selectAll()
    .where('request_id', '=', requestId)
    .where('key', '=', 'mail')
    .executeTakeFirst();

async function hasAccess(email: string): Promise<boolean> {
  const groups = (await portal.tenant.guest(email))?.groups ?? [];
  return groups.includes(GROUPS.partners) && groups.includes(GROUPS.crm);
}

test('the deadline breaks a mail off, the third lets the mail server rest, and everything else goes on', async () => {
  await start({ limits: { stepSeconds: 3, backoffSeconds: 0.2 } });
  const { db } = portal.deps.store;
  const ana = await portal.visitor().apply({ email: 'ana@fabrikam.com' });
  await waitFor('the mail server to rest', async () => (await pauseSecondsLeft(db, ['mail'])) > 0);
  expect(server.greeted()).toBe(3);
  expect(portal.logged()).toContainEqual(
    expect.objectContaining({ level: 'warn', target: 'mail', timeouts: 3, seconds: 30 }),
  );
  await waitFor('the connections to end', () => server.connected() === 0);

  const isPutBack = async () => (await requestAt(portal, ana)).lease_owner === null;
  await waitFor('the request to be put back', isPutBack);
  const request = await requestAt(portal, ana);
  expect(request).toMatchObject({ state: 'queued', problem: { code: 'mailUnavailable' } });
  expect(request.due_at).not.toBeNull();
  // Nothing was handed over, so the next attempt is to send it.
  expect(await mailStepOf(request.id)).toMatchObject({ state: 'waiting', attempts: 3, detail: {} });
  expect((await portal.visitor().status(ana)).status).toBe('delayed');

  const bo = await portal.visitor().apply({ email: 'bo@fabrikam.com' });
  await waitFor('the access of another guest', () => hasAccess('bo@fabrikam.com'));
  const waitsForRest = async () => {
    const { lease_owner, due_at } = await requestAt(portal, bo);
    return lease_owner === null && due_at !== null && due_at.getTime() > Date.now() + 5_000;
  };
  await waitFor('it to wait for the mail server as well', waitsForRest);
  expect(server.greeted()).toBe(3);
  await signUpUntil(portal, 'denied', 'eve@competitor.com');
  expect((await portal.visitor().get('/readyz')).status).toBe(200);

  server.mend(portal.tenant.smtpUrl);
  await db.deleteFrom('pause').execute();
  await sql`update request set due_at = now() where due_at is not null`.execute(db);
  for (const [email, path] of Object.entries({ 'ana@fabrikam.com': ana, 'bo@fabrikam.com': bo })) {
    await signUpUntil(portal, 'provisioned', email, path);
    expect(await portal.tenant.mailsTo(email)).toHaveLength(1);
  }
}, 60_000);

test('mails of several partners leave half of the places, so that the access of others comes all the same', async () => {
  const domains = ['fabrikam.com', 'litware.com', 'wingtiptoys.com'];
  const partners = domains.map((domain, index) => aPartner({ id: `partner-${index}`, domains: [domain] }));
  await start({ policy: aPolicy({ partners }) });
  const waiting = ['fabrikam.com', 'litware.com'].flatMap((domain) =>
    Array.from({ length: 9 }, (_, count) => `waiting${count}@${domain}`),
  );
  for (const email of waiting) await portal.visitor().apply({ email });
  await waitFor('the mails to hang', () => server.greeted() === WORKER_DEFAULTS.places / 2);
  await portal.visitor().apply({ email: 'leo@wingtiptoys.com' });
  await waitFor('the access of somebody else', () => hasAccess('leo@wingtiptoys.com'));
  expect(server.greeted()).toBe(WORKER_DEFAULTS.places / 2);
  expect(portal.logged()).not.toContainEqual(expect.objectContaining({ target: 'mail' }));
}, 60_000);
