import type { LedgerEntry } from '../../simulator/ledger.js';
import { readActiveGuests, readOwnedLicences } from '../../src/licences/readings.js';
import { findReading, readAgain } from '../../src/store/licenceReadings.js';
import { ageRequest } from '../support/ageRequest.js';
import { aPartner, aPolicy, SPONSOR } from '../support/aPolicy.js';
import { checkExchange, hasContract } from '../support/contract.js';
import { signUpUntil } from '../support/journey.js';
import { startPortal, type TestPortal } from '../support/portal.js';
import { waitFor } from '../support/waitFor.js';

// What the portal says to Graph, checked against Microsoft's own description of it.

const INVITE = { on: 'graph', method: 'POST', path: '/invitations$' };

if (hasContract) {
  describe.each([
    { mode: 'the portal mails', smtp: true },
    { mode: 'Microsoft mails', smtp: false },
  ])('every call to Graph fits Microsoft’s description when $mode the invitations', ({ smtp }) => {
    let portal: TestPortal;

    beforeAll(async () => {
      portal = await startPortal({
        smtp,
        limits: { unansweredInvitationSeconds: 1 },
        policy: aPolicy({
          partners: [
            aPartner({
              apps: ['crm', 'wiki'],
              invitation: {
                redirectUrl: 'https://start.contoso.com',
                language: 'sv',
                message: 'Welcome',
                sponsors: [SPONSOR],
                userType: 'Guest',
              },
            }),
            aPartner({ id: 'litware', domains: ['litware.com', 'contoso.com'] }),
          ],
        }),
      });
    });
    afterAll(() => portal.close());

    afterEach(async () => {
      await portal.tenant.clearFaults();
      const ledger = await fetch(`${portal.tenant.peopleUrl}/control/ledger`);
      const entries = (await ledger.json()) as LedgerEntry[];
      expect(entries.filter(({ path }) => path.startsWith('/v1.0/')).length).toBeGreaterThan(0);
      expect(entries.flatMap(checkExchange)).toEqual([]);
    });

    it('for a new guest with all that a partner may be given', async () => {
      await signUpUntil(portal, 'provisioned', 'ana@fabrikam.com');
    });

    it('for a partner that names no more than it must, and an address that needs escaping', async () => {
      await signUpUntil(portal, 'provisioned', "o'neil@litware.com");
    });

    it.each([true, false])('for a guest who exists already (accepted: %s)', async (accepted) => {
      const mail = `old.${accepted}@fabrikam.com`;
      await portal.tenant.addUser({ mail, displayName: 'Old', creationType: 'Invitation', accepted });
      await signUpUntil(portal, 'provisioned', mail);
    });

    it('for a resend', async () => {
      const visitor = portal.visitor();
      const path = await visitor.apply({ email: 'again@fabrikam.com' });
      await signUpUntil(portal, 'provisioned', 'again@fabrikam.com', path);
      await ageRequest(portal, path, 60);
      await visitor.post(`${path}/resend`, {});
      await waitFor(
        'the second mail',
        async () => (await portal.tenant.mailsTo('again@fabrikam.com')).length === 2,
      );
    });

    it.each([
      ['a lost answer', { kind: 'reset', when: 'after' }],
      ['a lost call', { kind: 'reset', when: 'before' }],
      ['throttling', { kind: 'status', status: 429, headers: { 'Retry-After': '1' } }],
      ['an answer that is HTML', { kind: 'html', status: 503 }],
    ])('after %s', async (name, fault) => {
      await portal.tenant.fault({ ...INVITE, fault });
      await signUpUntil(portal, 'provisioned', `${name.replaceAll(' ', '.')}@fabrikam.com`);
    });

    it('for a guest that the directory does not show yet', async () => {
      await portal.tenant.settings({ replicationDelayMs: 1_500 });
      await signUpUntil(portal, 'provisioned', 'slow@fabrikam.com');
      await portal.tenant.settings({ replicationDelayMs: 0 });
    });

    it('for the licences owned, and the guests who signed in', async () => {
      const asked = ['LicenseAssignment.Read.All', 'AuditLog.Read.All'];
      const base = ['User.Invite.All', 'GroupMember.ReadWrite.All', 'User.Read.All'];
      await portal.tenant.settings({
        permissions: [...base, 'Application.Read.All', 'AppRoleAssignment.ReadWrite.All', ...asked],
      });
      await portal.deps.graph.grantedPermissions(AbortSignal.timeout(10_000));
      await portal.tenant.addUser({ mail: 'seen@fabrikam.com', signedInAt: '2026-11-01T00:00:00Z' });
      // The portal has tried before it had the permissions.
      await readAgain(portal.deps.store.db);
      await readOwnedLicences(portal.deps);
      await readActiveGuests(portal.deps);
      expect((await findReading(portal.deps.store.db, 'active')).problem).toBeNull();
      expect((await findReading(portal.deps.store.db, 'owned')).problem).toBeNull();
    });

    it('for an address that Graph refuses', async () => {
      await signUpUntil(portal, 'denied', 'nobody@contoso.com');
    });
  });
} else {
  it.skip('is skipped: no ../shared/graph beside the project', () => undefined);
}
