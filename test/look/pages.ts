import { sql } from 'kysely';
import type { Page } from 'playwright-core';
import { endRun, haltRun, previewOf } from '../support/aRun.js';
import { PARTNER_PEOPLE } from '../support/partnerPeople.js';
import { STAFF, type StaffName } from '../support/staff.js';
import { STATUSES, type Scene } from './scene.js';

/**
 * A page in one of its states. `open` brings a browser there that has nothing in it or, for staff, that has signed in; it may be
 * called any number of times, in any language. `status` is how the portal answers, where that is not 200.
 */
export type Look = {
  name: string;
  as: 'partner' | StaffName;
  status?: number;
  open: (visit: Visit) => Promise<void>;
};

export type Visit = { page: Page; scene: Scene; go: (path: string) => Promise<void> };

type Order = { action: string; fields?: Record<string, string>; press?: Record<string, string> };

/** Sends a form of the page, found by where it goes, and waits for the answer. */
async function submit({ page }: Visit, order: Order): Promise<void> {
  await Promise.all([page.waitForEvent('load'), page.evaluate(`look.submit(${JSON.stringify(order)})`)]);
}

const at =
  (path: string): Look['open'] =>
  ({ go }) =>
    go(path);

/** Opens a page, and sends its form. */
const sent =
  (path: string, order: Order): Look['open'] =>
  async (visit) => {
    await visit.go(path);
    await submit(visit, order);
  };

let people = 0;
const PERSON = {
  firstName: 'Ana',
  lastName: 'Lind',
  company: 'Fabrikam',
  reason: 'Orders in the CRM',
  terms: 'yes',
};

/** Sends the first step of the sign-up form, which asks for the address alone. */
async function openForm(visit: Visit, email: string): Promise<void> {
  await visit.go('/');
  await submit(visit, { action: '/sign-up/address', fields: { email } });
}

/** Sends the sign-up form with an address that nobody has used. */
async function signUp(visit: Visit, domain: string, fields: Record<string, string> = {}): Promise<void> {
  people++;
  const email = fields.email ?? `person${people}@${domain}`;
  await openForm(visit, email);
  // The first step keeps an address that will not do.
  if (await visit.page.locator('form[action="/sign-up"]').count())
    await submit(visit, { action: '/sign-up', fields: { ...PERSON, email, ...fields } });
}

/** Chooses one of the accounts that the tenant offers. */
async function choose({ page }: Visit, oid: string): Promise<void> {
  await page.locator(`button[name=oid][value="${oid}"]`).click();
  await page.waitForURL(/^(?!.*oauth2)/);
}

/** While the store refuses new requests, with this SQLSTATE. */
function withFault(sqlState: string, open: Look['open']): Look['open'] {
  return async (visit) => {
    const { db } = visit.scene.portal.deps.store;
    const run = (statement: string) => sql.raw(statement).execute(db);
    await run(`create or replace function refuse() returns trigger language plpgsql as
      $$ begin raise exception 'ordered by a test' using errcode = '${sqlState}'; end $$`);
    await run('create trigger refuse before insert on request for each row execute function refuse()');
    try {
      await open(visit);
    } finally {
      await run('drop trigger refuse on request');
    }
  };
}

const form: Look[] = [
  { name: 'form', as: 'partner', open: at('/') },
  { name: 'form, second step', as: 'partner', open: (visit) => openForm(visit, 'ana@fabrikam.com') },
  {
    name: 'form with a fault in the address',
    as: 'partner',
    status: 422,
    open: (visit) => signUp(visit, '', { email: 'ana@' }),
  },
  {
    name: 'form with faults',
    as: 'partner',
    status: 422,
    open: (visit) => signUp(visit, 'fabrikam.com', { firstName: '', reason: '' }),
  },
  {
    name: 'form with a suggestion',
    as: 'partner',
    status: 422,
    open: (visit) => signUp(visit, 'fabrikarn.com'),
  },
  {
    name: 'form with a + in the address',
    as: 'partner',
    status: 422,
    open: (visit) => signUp(visit, '', { email: 'ana+crm@fabrikam.com' }),
  },
  {
    name: 'form after a sign-in',
    as: 'partner',
    async open(visit) {
      await visit.go('/verify/tenant');
      await choose(visit, PARTNER_PEOPLE.per);
    },
  },
  {
    name: 'form after a sign-in with faults',
    as: 'partner',
    status: 422,
    async open(visit) {
      await visit.go('/verify/tenant');
      await choose(visit, PARTNER_PEOPLE.per);
      await submit(visit, { action: '/verify/form', fields: { company: '', reason: '' } });
    },
  },
  { name: 'terms', as: 'partner', open: at('/terms') },
];

const statuses: Look[] = STATUSES.map((name) => ({
  name: `status: ${name}`,
  as: 'partner',
  open: ({ go, scene }) => go(scene.status[name]),
}));

const proofs: Look[] = [
  {
    name: 'code refused',
    as: 'partner',
    status: 422,
    async open(visit) {
      await signUp(visit, 'wingtip.com');
      const token = visit.page.url().split('/').at(-1) ?? '';
      await submit(visit, { action: `/verify/code/${token}`, fields: { code: '12' } });
    },
  },
  { name: 'mailed link', as: 'partner', open: ({ go, scene }) => go(scene.link.open) },
  { name: 'used link', as: 'partner', status: 410, open: ({ go, scene }) => go(scene.link.used) },
  { name: 'expired link', as: 'partner', status: 410, open: ({ go, scene }) => go(scene.link.expired) },
  {
    name: 'sign-in as somebody else',
    as: 'partner',
    status: 403,
    async open(visit) {
      await visit.go(visit.scene.status['sign-in awaited'].replace('/requests/', '/verify/tenant/'));
      await choose(visit, PARTNER_PEOPLE.max);
    },
  },
  {
    name: 'sign-in to confirm',
    as: 'partner',
    async open(visit) {
      await visit.go(visit.scene.status['sign-in awaited'].replace('/requests/', '/verify/tenant/'));
      await choose(visit, PARTNER_PEOPLE.pia);
    },
  },
];

const errors: Look[] = [
  { name: 'error 400', as: 'partner', status: 400, open: at('/requests/%E0%A4%A') },
  {
    name: 'error 403, form out of date',
    as: 'partner',
    status: 403,
    async open(visit) {
      await openForm(visit, 'ana@fabrikam.com');
      await visit.page.context().clearCookies();
      await submit(visit, { action: '/sign-up', fields: PERSON });
    },
  },
  { name: 'error 404', as: 'partner', status: 404, open: at('/nothing') },
  {
    name: 'error 413',
    as: 'partner',
    status: 413,
    open: (visit) => signUp(visit, 'fabrikam.com', { reason: 'x'.repeat(200_000) }),
  },
  {
    name: 'error 429',
    as: 'partner',
    status: 429,
    async open(visit) {
      const headers = { 'X-Forwarded-For': '203.0.113.9' };
      const knock = () => fetch(`${visit.scene.portal.url}/sign-in`, { headers, redirect: 'manual' });
      while ((await knock()).status !== 429);
      await visit.page.setExtraHTTPHeaders(headers);
      await signUp(visit, 'fabrikam.com');
    },
  },
  {
    name: 'error 500',
    as: 'partner',
    status: 500,
    open: withFault('XX000', (visit) => signUp(visit, 'fabrikam.com')),
  },
  {
    name: 'error 503',
    as: 'partner',
    status: 503,
    open: withFault('57P03', (visit) => signUp(visit, 'fabrikam.com')),
  },
];

const signOut: Look[] = [
  { name: 'no rights', as: 'nils', status: 403, open: at('/admin') },
  { name: 'sign-out', as: 'ada', open: at('/sign-out') },
  { name: 'signed out', as: 'partner', open: at('/signed-out') },
  { name: 'admin error 403', as: 'arne', status: 403, open: at('/admin/policy') },
  { name: 'admin error 404', as: 'ada', status: 404, open: at('/admin/nothing') },
];

const request = (as: StaffName, name: (typeof STATUSES)[number]): Look => ({
  name: `request: ${name}, as ${as}`,
  as,
  open: async ({ go, scene }) => go(await scene.adminPage(scene.status[name])),
});

/** Chooses a request in the list, and what to do with it. */
async function openDecision({ go, scene }: Visit, action: string): Promise<string> {
  const id = (await scene.adminPage(scene.status['awaiting approval'])).split('/').at(-1) ?? '';
  await go(`/admin/requests/decide?action=${action}&request=${id}:1`);
  return id;
}

const requests: Look[] = [
  { name: 'overview', as: 'ada', open: at('/admin') },
  { name: 'requests', as: 'ada', open: at('/admin/requests') },
  { name: 'requests: awaiting approval', as: 'ada', open: at('/admin/requests?state=pending') },
  { name: 'requests: none', as: 'ada', open: at('/admin/requests?search=nobody@nowhere') },
  {
    name: 'requests: bad filter',
    as: 'ada',
    status: 422,
    open: at('/admin/requests?from=2026-05-02&to=2026-05-01'),
  },
  {
    name: 'requests: decision without a choice',
    as: 'ada',
    status: 422,
    open: at('/admin/requests/decide?action=deny'),
  },
  {
    name: 'requests: asked before deciding',
    as: 'ada',
    async open(visit) {
      await openDecision(visit, 'approve');
    },
  },
  {
    name: 'requests: denied without a reason',
    as: 'ada',
    status: 422,
    async open(visit) {
      await openDecision(visit, 'deny');
      await submit(visit, { action: '/admin/requests/decide', fields: { reason: '' } });
    },
  },
  {
    name: 'requests: decided by somebody else meanwhile',
    as: 'ada',
    async open(visit) {
      const id = await openDecision(visit, 'approve');
      await submit(visit, { action: '/admin/requests/decide', fields: { request: `${id}:999` } });
    },
  },
  request('ada', 'awaiting approval'),
  request('ada', 'code awaited'),
  request('ada', 'waiting for its turn'),
  request('ada', 'delayed'),
  request('ada', 'owner: failed'),
  request('ada', 'owner: invited'),
  request('ada', 'refused by an approver'),
  request('ada', 'anonymised'),
  {
    name: 'request: denied without a reason',
    as: 'ada',
    status: 422,
    async open(visit) {
      const path = await visit.scene.adminPage(visit.scene.status['awaiting approval']);
      await visit.go(path);
      await submit(visit, { action: `${path}/deny`, fields: { reason: '' } });
    },
  },
  {
    name: 'request: decided by somebody else meanwhile',
    as: 'ada',
    status: 409,
    async open(visit) {
      const path = await visit.scene.adminPage(visit.scene.status['awaiting approval']);
      await visit.go(path);
      await submit(visit, {
        action: `${path}/deny`,
        fields: { reason: 'The project ended', version: '999' },
      });
    },
  },
];

const partner = '/admin/partners/litware';
const policyText = ({ scene }: Visit, change: (text: string) => string) =>
  change(scene.portal.deps.policy.current().text);

const setUp: Look[] = [
  { name: 'partners', as: 'ada', open: at('/admin/partners') },
  { name: 'partner', as: 'ada', open: at(partner) },
  { name: 'new partner', as: 'ada', open: at('/admin/partners/new') },
  {
    name: 'new partner with faults',
    as: 'ada',
    status: 422,
    open: sent('/admin/partners/new', {
      action: '/admin/partners/new',
      fields: { name: '', redirectUrl: 'x' },
    }),
  },
  {
    name: 'partner: preview',
    as: 'ada',
    open: sent(partner, {
      action: partner,
      fields: { name: 'Litware Ltd', domains: 'litware.com\nlitware.net' },
    }),
  },
  {
    name: 'partner: changed by somebody else meanwhile',
    as: 'ada',
    status: 409,
    open: sent(partner, { action: partner, fields: { name: 'Mine', base: '0'.repeat(64) } }),
  },
  { name: 'rules', as: 'ada', open: at('/admin/partners/rules') },
  { name: 'apps', as: 'ada', open: at('/admin/apps') },
  { name: 'app', as: 'ada', open: at('/admin/apps/wiki') },
  {
    name: 'new app with faults',
    as: 'ada',
    status: 422,
    open: sent('/admin/apps/new', { action: '/admin/apps/new', fields: { url: 'x' } }),
  },
  { name: 'groups', as: 'ada', open: at('/admin/groups') },
  { name: 'group', as: 'ada', open: at('/admin/groups/crm') },
  { name: 'picker', as: 'ada', open: at('/admin/pickers/groups?search=helpdesk') },
  { name: 'settings', as: 'ada', open: at('/admin/settings') },
  { name: 'policy', as: 'ada', open: at('/admin/policy') },
  {
    name: 'policy with faults',
    as: 'ada',
    status: 422,
    async open(visit) {
      const text = policyText(visit, (now) => now.replace('"deny":{', '"deny"{'));
      await visit.go('/admin/policy');
      await submit(visit, { action: '/admin/policy/preview', fields: { text } });
    },
  },
  {
    name: 'policy: preview',
    as: 'ada',
    async open(visit) {
      const text = policyText(visit, (now) =>
        JSON.stringify({ ...(JSON.parse(now) as object), unlisted: 'review' }, null, 2),
      );
      await visit.go('/admin/policy');
      await submit(visit, { action: '/admin/policy/preview', fields: { text } });
    },
  },
  { name: 'policy: versions', as: 'ada', open: at('/admin/policy/versions') },
  { name: 'policy: version', as: 'ada', open: at('/admin/policy/versions/1') },
  {
    name: 'policy: an address explained',
    as: 'ada',
    open: at('/admin/policy/explain?address=ana@fabrikam.com'),
  },
];

const PEOPLE = 'Email,Groups,Colour\nnew1@litware.com,,\nnew2@litware.com,nothing,\nana+x@litware.com,,';

/** Opens a run of a file; `until` says how far it is. */
const run =
  (until: (portal: Scene['portal'], id: string) => Promise<void>, path = '') =>
  async ({ scene, go }: Visit) => {
    const id = await previewOf(scene.portal, PEOPLE, { message: 'Welcome.' });
    await until(scene.portal, id);
    await go(`/admin/runs/${id}${path}`);
  };
const asPreview = () => Promise.resolve();

const bulk: Look[] = [
  { name: 'invite many', as: 'ada', open: at('/admin/bulk') },
  { name: 'invite many as an auditor', as: 'aud', open: at('/admin/bulk') },
  {
    name: 'invite many with a fault',
    as: 'ada',
    status: 422,
    open: sent('/admin/bulk', { action: '/admin/bulk', fields: { rows: 'a;b' } }),
  },
  { name: 'run: preview', as: 'ada', open: run(asPreview) },
  { name: 'run: preview as an auditor', as: 'aud', open: run(asPreview) },
  { name: 'run: halted', as: 'ada', open: run(haltRun) },
  { name: 'run: done', as: 'ada', open: run(endRun) },
  { name: 'run: to be undone', as: 'ada', open: run(endRun, '/undo') },
  { name: 'runs', as: 'ada', open: at('/admin/runs') },
];

const licences: Look[] = [
  { name: 'licences', as: 'ada', open: at('/admin/licences') },
  { name: 'licences as an auditor', as: 'aud', open: at('/admin/licences') },
  {
    name: 'licences: a number that is none',
    as: 'ada',
    status: 422,
    open: sent('/admin/licences', { action: '/admin/licences/owned', fields: { p1: 'ten' } }),
  },
  {
    name: 'licences: an answer of the calculator',
    as: 'ada',
    open: at('/admin/licences?rule=2017&guests=p1%3D60&owned=p1%3D10'),
  },
  {
    name: 'licences: a question that makes no sense',
    as: 'ada',
    open: at('/admin/licences?rule=2017&guests=p3%3D60'),
  },
];

const watch: Look[] = [
  { name: 'audit trail', as: 'ada', open: at('/admin/audit') },
  { name: 'audit trail: verified', as: 'ada', open: sent('/admin/audit', { action: '/admin/audit/verify' }) },
  {
    name: 'doctor',
    as: 'ada',
    // The findings follow the page.
    open: sent('/admin/doctor', { action: '/admin/doctor' }),
  },
];

const readers: Look[] = [
  ...['/admin/partners/litware', '/admin/apps/wiki', '/admin/settings', '/admin/policy', '/admin/audit'].map(
    (path): Look => ({ name: `${path} as an auditor`, as: 'aud', open: at(path) }),
  ),
  request('aud', 'awaiting approval'),
  { name: 'overview as an approver', as: 'lia', open: at('/admin/overview') },
  { name: 'requests as an approver', as: 'lia', open: at('/admin/requests') },
  request('lia', 'awaiting approval'),
];

/** Every page in every state that it can be in. A new page has its entry here, and is looked at by all. */
export const PAGES: readonly Look[] = [
  ...form,
  ...statuses,
  ...proofs,
  ...errors,
  ...signOut,
  ...requests,
  ...setUp,
  ...bulk,
  ...licences,
  ...watch,
  ...readers,
];

/** Signs a member of staff in. */
export async function signIn({ page, go }: Visit, name: StaffName): Promise<void> {
  await go('/sign-in?returnTo=/admin');
  await page.locator(`button[name=oid][value="${STAFF[name]}"]`).click();
  await page.waitForURL(/\/admin(\/requests.*)?$/);
}
