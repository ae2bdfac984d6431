import { aPartner, aPolicy, WIKI } from '../support/aPolicy.js';
import { startDrippingMailServer, type DrippingMailServer } from '../support/drippingMailServer.js';
import { waitFor } from '../support/waitFor.js';
import { openSite, type PortalProcess, type Site } from './portalProcess.js';
import { exportedRequests, provisionedAddresses } from './provisioned.js';

// What the portal depends on neither answers nor breaks off. Others go on meanwhile, and a stop does not wait for it.

/** A deployment allows 30 s, and the process gives itself 25. */
const STOP_WITHIN_MS = 25_000;

async function stop(portal: PortalProcess): Promise<void> {
  const began = performance.now();
  const ended = await portal.end('SIGTERM');
  expect(ended).toMatchObject({ code: 0, signal: null, stderr: '' });
  expect(performance.now() - began).toBeLessThan(STOP_WITHIN_MS);
}

const answered = (portal: PortalProcess, path: string) =>
  waitFor(
    'the request to be answered',
    async () => (await portal.visitor().status(path)).status === 'answered',
    60_000,
  );

describe('a mail server that drips', () => {
  let server: DrippingMailServer;
  let site: Site;

  beforeAll(async () => {
    server = await startDrippingMailServer(2_000);
    site = await openSite({ env: { SMTP_URL: server.url } });
  });
  afterAll(async () => {
    await site.close();
    await server.close();
  });

  test('does not keep the process from ending, and the mail goes out after the next start', async () => {
    const portal = await site.start();
    const path = await portal.visitor().apply({ email: 'ana@fabrikam.com' });
    await waitFor('the mail to be under way', () => server.greeted() === 1);
    await stop(portal);
    await waitFor('the connection to end', () => server.connected() === 0);

    server.mend(site.tenant.smtpUrl);
    const next = await site.start();
    await answered(next, path);
    expect(await provisionedAddresses(next.visitor(), site.tenant)).toEqual(new Set(['ana@fabrikam.com']));
    expect(await site.tenant.mailsTo('ana@fabrikam.com')).toHaveLength(1);
  });
});

describe('an app of one partner that hangs', () => {
  const PEOPLE = 60;
  const HANG_MS = 40_000;
  let site: Site;
  let portal: PortalProcess;
  const waiting = new Map<string, string>();

  beforeAll(async () => {
    const litware = aPartner({ id: 'litware', name: 'Litware', domains: ['litware.com'] });
    site = await openSite({ policy: aPolicy({ partners: [aPartner({ apps: ['wiki'] }), litware] }) });
    await site.tenant.settings({ resourceUnitsPer10s: 1e9, writesPer150s: 1e9 });
    portal = await site.start();
    await site.tenant.fault({
      on: 'graph',
      path: `^/servicePrincipals/${WIKI.servicePrincipalId}/appRoleAssignedTo`,
      times: 0,
      fault: { kind: 'hang', when: 'before', ms: HANG_MS },
    });
    const emails = Array.from({ length: PEOPLE }, (_, number) => `wiki${number}@fabrikam.com`);
    await Promise.all(
      emails.map(async (email) => waiting.set(email, await portal.visitor().apply({ email }))),
    );
    await waitFor('the places of the partner to be taken', async () => (await hanging()) >= 8);
  }, 120_000);
  afterAll(() => site.close());

  /** How many calls the app has been given. */
  async function hanging(): Promise<number> {
    const faults = (await (await fetch(`${site.tenant.peopleUrl}/control/faults`)).json()) as {
      struck: number;
    }[];
    return faults[0]?.struck ?? 0;
  }

  test('somebody of another partner is provisioned within three seconds', async () => {
    const path = await portal.visitor().apply({ email: 'leo@litware.com' });
    await answered(portal, path);
    const [request, ...others] = await exportedRequests(portal.visitor(), site.tenant);
    expect([request?.email, others]).toEqual(['leo@litware.com', []]);
    expect(Date.parse(request?.changed ?? '') - Date.parse(request?.received ?? '')).toBeLessThan(3_000);
  });

  test('the process ends in time all the same, and everybody is provisioned when the app answers', async () => {
    await stop(portal);
    await site.tenant.clearFaults();
    portal = await site.start();
    for (const path of waiting.values()) await answered(portal, path);
    expect(await provisionedAddresses(portal.visitor(), site.tenant)).toEqual(
      new Set([...waiting.keys(), 'leo@litware.com']),
    );
    const { users, mails } = await site.tenant.state();
    for (const email of waiting.keys()) {
      expect(users.filter(({ mail }) => mail === email)).toMatchObject([{ appRoles: [WIKI] }]);
      expect(mails.filter(({ to }) => to.includes(email))).toHaveLength(1);
    }
  }, 180_000);
});
