import { sql } from 'kysely';
import { createLog } from '../../src/log.js';
import type { LedgerEntry } from '../../simulator/ledger.js';
import { openStore } from '../../src/store/database.js';
import { aPartner, aPolicy, GROUPS, WIKI } from '../support/aPolicy.js';
import { signIn, STAFF } from '../support/staff.js';
import { waitFor } from '../support/waitFor.js';
import { openSite, type PortalProcess, type Site } from './portalProcess.js';
import { provisionedAddresses } from './provisioned.js';

// Several requests are held at different steps by a tenant that does not answer, then their portal is killed with
// SIGKILL. What the tenant's own records say after the next start is what counts.

type Hold = { step: string; when: 'before' | 'after'; fault: Record<string, unknown> };

const HANG_MS = 600_000;
const DELIVERED_AFTER_MS = 15_000;

const call = (step: string, method: string, path: string): Hold[] =>
  (['before', 'after'] as const).map((when) => ({
    step,
    when,
    fault: { on: 'graph', method, path, fault: { kind: 'hang', when, ms: HANG_MS } },
  }));

const GRAPH_HOLDS = [
  ...call('lookup', 'GET', '^/users$'),
  ...call('invitation', 'POST', '^/invitations$'),
  ...call('group:partners', 'POST', `^/groups/${GROUPS.partners}/members`),
  ...call('group:crm', 'POST', `^/groups/${GROUPS.crm}/members`),
  ...call('app:wiki', 'POST', `^/servicePrincipals/${WIKI.servicePrincipalId}/appRoleAssignedTo`),
];
const MAIL_HOLDS: Hold[] = [
  { step: 'mail', when: 'before', fault: { on: 'smtp', fault: { kind: 'hang', ms: HANG_MS } } },
  // The simulator delivers this one after all, when the portal is long dead.
  { step: 'mail', when: 'after', fault: { on: 'smtp', fault: { kind: 'hang', ms: DELIVERED_AFTER_MS } } },
];

describe.each([
  { mode: 'the portal mails', smtp: true, holds: [...MAIL_HOLDS, ...GRAPH_HOLDS] },
  { mode: 'Microsoft mails', smtp: false, holds: GRAPH_HOLDS },
])('killed while $mode the invitations', ({ smtp, holds }) => {
  let site: Site;
  let portal: PortalProcess;
  let killedAt: string;
  const held = new Map<Hold, { email: string; path: string }>();

  beforeAll(async () => {
    site = await openSite({ smtp, policy: aPolicy({ partners: [aPartner({ apps: ['crm', 'wiki'] })] }) });
    portal = await site.start();
  });
  afterAll(() => site.close());

  /** Signs somebody up and waits until the request hangs at the step. */
  async function holdAt(hold: Hold): Promise<{ email: string; path: string }> {
    const email = `${hold.step.replace(':', '.')}.${hold.when}@fabrikam.com`;
    await site.tenant.fault(hold.fault);
    const path = await portal.visitor().apply({ email });
    await waitFor(`${email} to hang`, async () => (await activeFaults(site)).length === 0);
    return { email, path };
  }

  /** How many mails of unknown fate the audit trail tells of since a moment. */
  async function unconfirmedMails(since: string): Promise<number> {
    const aud = portal.visitor();
    await signIn(aud, site.tenant, STAFF.aud);
    const { text } = await aud.get('/admin/audit.csv');
    return text.split('\n').filter((row) => row.includes('step.unconfirmed') && momentIn(row) > since).length;
  }

  describe.each(['before', 'after'] as const)('%s', (when) => {
    const points = holds.filter((hold) => hold.when === when);

    beforeAll(async () => {
      for (const hold of points) held.set(hold, await holdAt(hold));
      expect((await portal.end('SIGKILL')).signal).toBe('SIGKILL');
      killedAt = new Date().toISOString();
      if (!smtp && when === 'before') await letSettleTimePass(site);
      portal = await site.start();
    });

    test.each(points)('the $step: provisioned, one guest, not two mails', async (hold) => {
      const { email, path } = held.get(hold) ?? { email: '', path: '' };
      const status = await waitFor(
        `${email} to be answered`,
        async () => {
          const answer = await portal.visitor().status(path);
          return answer.status === 'answered' && answer;
        },
        60_000,
      );
      const { users } = await site.tenant.state();
      expect(users.filter(({ mail }) => mail === email)).toMatchObject([
        { groups: [GROUPS.partners, GROUPS.crm], appRoles: [WIKI] },
      ]);
      expect(await provisionedAddresses(portal.visitor(), site.tenant)).toContain(email);
      expect(status.steps.find(({ name }) => name === 'answer')?.status).toBe('done');
      if (hold.step !== 'mail') {
        expect(await site.tenant.mailsTo(email)).toHaveLength(1);
      } else {
        // The page offers another mail in any case; that nobody knows of this one is for admins.
        expect(await unconfirmedMails(killedAt)).toBe(1);
        if (when === 'after') {
          await waitFor('the mail', async () => (await site.tenant.mailsTo(email)).length > 0);
        }
        expect(await site.tenant.mailsTo(email)).toHaveLength(when === 'after' ? 1 : 0);
      }
    });

    // On PostgreSQL nobody knows that the owner is dead: its lease, renewed every 5 s, has to run out.
    if (process.env.DATABASE_URL) {
      test('nobody goes on before the lease of 15 s has run out', async () => {
        const ledger = await fetch(`${site.tenant.peopleUrl}/control/ledger`);
        const calls = (await ledger.json()) as LedgerEntry[];
        const next = calls.find(({ at, path }) => at > killedAt && path.startsWith('/v1.0'));
        expect(Date.parse(next?.at ?? '') - Date.parse(killedAt)).toBeGreaterThan(9_000);
      });
    }
  });

  if (!smtp) {
    test('another invitation is asked for only where the first had not arrived', async () => {
      const calls = await site.tenant.graphCalls('POST', /\/invitations$/);
      const asked = (email: string) =>
        calls.filter(
          ({ requestBody }) =>
            (requestBody as { invitedUserEmailAddress: string }).invitedUserEmailAddress === email,
        );
      expect(asked('invitation.before@fabrikam.com').map(({ processed }) => processed)).toEqual([
        false,
        true,
      ]);
      expect(asked('invitation.after@fabrikam.com').map(({ processed }) => processed)).toEqual([true]);
    });
  }
});

function momentIn(row: string): string {
  return /\d{4}-\d\d-\d\dT[\d:.]+Z/.exec(row)?.[0] ?? '';
}

async function activeFaults({ tenant }: Site): Promise<unknown[]> {
  return (await (await fetch(`${tenant.peopleUrl}/control/faults`)).json()) as unknown[];
}

/** Moves the time at which an unanswered invitation went out back by the two minutes that a portal grants the directory. */
async function letSettleTimePass({ database }: Site): Promise<void> {
  const store = await openStore(database, createLog('silent'));
  await sql`
    update step set detail = jsonb_set(detail, '{begunAt}', to_jsonb(now() - interval '2 minutes'))
    where key = 'invitation' and state = 'running' and detail ? 'begunAt'`.execute(store.db);
  await store.close();
}
