import { setTimeout as sleep } from 'node:timers/promises';
import { aPartner, aPolicy, GROUPS, UNPACED, WIKI } from '../test/support/aPolicy.js';
import { startDrippingMailServer } from '../test/support/drippingMailServer.js';
import { figure, type Row } from './report.js';
import { median } from './support/numbers.js';
import { isAnswered, signUpAt } from './support/signUpAt.js';
import { openForm, startPortal } from './support/portal.js';
import { sized } from './support/sized.js';
import { createStore, storeKinds } from './support/stores.js';
import { settingsOf, startTenant, type Tenant } from './support/tenant.js';

const WAITING = sized(60, 8);
const OTHERS = sized(20, 2);
const LATENCY_MS = sized(100, 5);
const HANG_MS = sized(40_000, 2_000);
const DRIP_MS = 5_000;
const TARGET_MS = 3_000;
const POLL_MS = 20;

type Guest = { mail: string | null; groups: string[] };
/** Signs somebody up, and ends when they have what is waited for. */
type Arrival = (email: string) => Promise<void>;

const policy = aPolicy({
  partners: [
    aPartner({ apps: ['wiki'], limits: UNPACED }),
    aPartner({ id: 'litware', name: 'Litware', domains: ['litware.com'], limits: UNPACED }),
  ],
});

/** How long the people of one partner wait while something hangs for those of another, and how long without that. */
export async function benchFairness(): Promise<Row[]> {
  const tenant = await startTenant(LATENCY_MS);
  const rows = [await hangingApp(tenant), await drippingMail(tenant)];
  await tenant.stop();
  return rows;
}

async function hangingApp(tenant: Tenant): Promise<Row> {
  return compare('app', 'an app of another partner hangs', tenant, async (portal) => {
    const signUp = signUpAt(portal.url);
    const form = await openForm(portal.url);
    return {
      hang: () =>
        control(tenant, 'POST', 'faults', {
          on: 'graph',
          path: `^/servicePrincipals/${WIKI.servicePrincipalId}/appRoleAssignedTo`,
          times: 0,
          fault: { kind: 'hang', when: 'before', ms: HANG_MS },
        }),
      arrive: async (email) => isAnswered(portal.url, await signUp(email, form)),
    };
  });
}

/** Nobody can be mailed, so what counts is when the access is there. */
async function drippingMail(tenant: Tenant): Promise<Row> {
  const mail = await startDrippingMailServer(DRIP_MS);
  mail.mend(tenant.smtpUrl);
  const row = await compare(
    'mail',
    'the mail server drips, until the access is there',
    { ...tenant, smtpUrl: mail.url },
    async (portal) => {
      const signUp = signUpAt(portal.url);
      const form = await openForm(portal.url);
      return {
        hang: () => {
          mail.drip();
        },
        arrive: async (email) => {
          await signUp(email, form);
          while (!(await hasAccess(tenant, email))) await sleep(POLL_MS);
        },
      };
    },
  );
  await mail.close();
  return row;
}

async function compare(
  /** Begins every address: who is in the directory already is not waited for. */
  name: string,
  what: string,
  tenant: Tenant,
  prepare: (portal: { url: string }) => Promise<{ hang: () => void | Promise<void>; arrive: Arrival }>,
): Promise<Row> {
  const store = await createStore(storeKinds.at(-1) ?? 'embedded');
  const portal = await startPortal(store, { policy: JSON.stringify(policy), env: settingsOf(tenant) });
  const { hang, arrive } = await prepare(portal);
  await arrive(`${name}.warm@litware.com`);
  const quiet = await timesOf(arrive, `${name}.quiet`);
  await hang();
  const [signUp, form] = [signUpAt(portal.url), await openForm(portal.url)];
  for (let count = 0; count < WAITING; count++) await signUp(`${name}.waiting${count}@fabrikam.com`, form);
  const hanging = await timesOf(arrive, `${name}.hanging`);
  await portal.stop();
  await control(tenant, 'DELETE', 'faults');
  await store.remove();
  return {
    what: `People of one partner while ${what}`,
    portal: `${figure(median(hanging), 'ms')}, slowest ${figure(Math.max(...hanging), 'ms')}`,
    bare: `${figure(median(quiet), 'ms')} without`,
    ratio: median(hanging) / median(quiet),
    target: `slowest < ${TARGET_MS} ms`,
    met: Math.max(...hanging) < TARGET_MS,
  };
}

async function timesOf(arrive: Arrival, name: string): Promise<number[]> {
  const times: number[] = [];
  for (let count = 0; count < OTHERS; count++) {
    const start = performance.now();
    await arrive(`${name}${count}@litware.com`);
    times.push(performance.now() - start);
  }
  return times;
}

async function hasAccess(tenant: Tenant, email: string): Promise<boolean> {
  const answer = await fetch(`${tenant.peopleUrl}/control/state`);
  const { users } = (await answer.json()) as { users: Guest[] };
  const groups = users.find(({ mail }) => mail === email)?.groups ?? [];
  return [GROUPS.partners, GROUPS.crm].every((group) => groups.includes(group));
}

async function control(tenant: Tenant, method: string, path: string, body?: object): Promise<void> {
  const answer = await fetch(`${tenant.peopleUrl}/control/${path}`, {
    method,
    ...(body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  });
  if (!answer.ok) throw new Error(`${method} /control/${path} was answered with ${answer.status}`);
}
