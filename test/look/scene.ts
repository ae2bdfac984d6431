import { follow } from '../../src/requests/follow/follow.js';
import { lapseUnproven } from '../../src/requests/prove/lapse.js';
import type { Languages } from '../../src/language.js';
import { ageRequest, requestAt } from '../support/ageRequest.js';
import { aPartner, aPolicy, UNPACED } from '../support/aPolicy.js';
import { letWorkerLook } from '../support/letWorkerLook.js';
import { passNight } from '../support/night.js';
import { proseware } from '../support/partnerPeople.js';
import { startPortal, type TestPortal } from '../support/portal.js';
import { ageProof, proofMailTo, tokenIn } from '../support/proofMail.js';
import { newcomer } from '../support/signInFlows.js';
import { STAFF } from '../support/staff.js';
import type { FORM } from '../support/visitor.js';
import { waitFor } from '../support/waitFor.js';

/** A portal with a request in every state. Nothing goes on in it any more, so that a page stays as it was found. */
export type Scene = {
  portal: TestPortal;
  /** Paths of status pages; those of an `owner` were mailed, and show all that the portal knows. */
  status: Record<StatusName, string>;
  /** Paths of mailed links. */
  link: Record<'open' | 'used' | 'expired', string>;
  /** The path of a request in the admin area, by the path of its status page. */
  adminPage(status: string): Promise<string>;
  close(): Promise<void>;
};

type StatusName = (typeof STATUSES)[number];

export const STATUSES = [
  'code awaited',
  'code used up',
  'code not deliverable',
  'sign-in awaited',
  'awaiting approval',
  'under way',
  'waiting for its turn',
  'answered',
  'delayed',
  'delayed, mail refused',
  'owner: invited',
  'owner: in place',
  'owner: on hold',
  'owner: failed',
  'refused: not a partner',
  'refused: private address',
  'refused by an approver',
  'expired',
  'revoked',
  'anonymised',
] as const;

const mailbox = (id: string, name: string, more: Record<string, unknown> = {}) =>
  aPartner({ id, name, domains: [`${id}.com`], proof: 'mailbox', limits: UNPACED, ...more });

const APPS = aPolicy().apps as Record<string, object>;
const policyOf = (presents: object = {}, litware = 'Litware') =>
  aPolicy({
    portal: { organization: 'Contoso', contact: 'partners@contoso.com', terms: 'terms.md', ...presents },
    apps: { ...APPS, crm: { ...APPS.crm, tier: 'p1' } },
    partners: [
      aPartner({
        name: 'Fabrikam Manufacturing',
        apps: ['crm', 'wiki'],
        groups: ['partners'],
        limits: UNPACED,
      }),
      aPartner({
        id: 'litware',
        name: litware,
        domains: ['litware.com'],
        approval: 'manual',
        apps: ['crm', 'wiki'],
        groups: ['partners'],
        approvers: [STAFF.lia],
        limits: UNPACED,
      }),
      aPartner({ id: 'northwind', name: 'Northwind', domains: ['northwind.se'], limits: { perHour: 1 } }),
      mailbox('wingtip', 'Wingtip Toys', {
        domains: ['wingtip.com', 'nowhere.com', 'broken.com'],
        apps: ['crm', 'wiki'],
      }),
      // Entra refuses to add members to this group.
      mailbox('adatum', 'Adatum', { groups: ['dynamic'] }),
      aPartner({ id: 'adatum-quick', domains: ['quick.adatum.com'], groups: ['dynamic'], limits: UNPACED }),
      proseware({ limits: UNPACED }),
    ],
    deny: { domains: ['competitor.com'], consumer: true, disposable: true },
  });

const TERMS =
  '# Terms of use\n\nYour access is yours alone.\n\n1. **Sign in** as yourself.\n2. Keep it confidential.\n';

export type SceneOptions = {
  languages?: Languages;
  /** How the organisation presents itself, in the place of what it does otherwise. */
  presents?: object;
  /** The name of a partner. */
  partner?: string;
  /** What applicants type into the form. */
  typed?: Partial<typeof FORM>;
};

export async function openScene({ languages, presents, partner, typed }: SceneOptions = {}): Promise<Scene> {
  const portal = await startPortal({
    policy: policyOf(presents, partner),
    terms: TERMS,
    browsed: true,
    env: { TRUST_PROXY: '1' },
    // The link of a mail is opened again and again, for as long as the looks take.
    limits: { codeSeconds: 24 * 3600 },
    ...(languages && { languages }),
  });
  try {
    const { status, link } = await setScene(portal, typed);
    return {
      portal,
      status,
      link,
      adminPage: async (path) => `/admin/requests/${(await requestAt(portal, path)).id}`,
      close: () => portal.close(),
    };
  } catch (error) {
    await portal.close();
    throw error;
  }
}

async function setScene(
  portal: TestPortal,
  typed: SceneOptions['typed'],
): Promise<Pick<Scene, 'status' | 'link'>> {
  const { tenant, deps } = portal;
  const { db } = deps.store;
  await orderFaults(tenant);
  await tenant.addUser({ mail: 'ines@wingtip.com', accepted: true });
  const terms = deps.policy.current().terms?.hash;

  const apply = (email: string) => newcomer(portal).apply({ ...typed, email, terms });
  const until = async (state: string, email: string) => {
    const path = await apply(email);
    await reached(portal, path, state);
    return path;
  };
  /** The page to which the mailed link leads: only the mailbox has it. */
  const asOwner = async (state: string, email: string) => {
    const path = await apply(email);
    const { link } = await proofMailTo(portal, email);
    const { headers } = await newcomer(portal).post(link, {}, { from: link });
    await reached(portal, path, state);
    return { page: String(headers.location), link };
  };
  const set = async (table: 'challenge' | 'challenge_browser' | 'request', path: string, values: object) => {
    const { id } = await requestAt(portal, path);
    await db
      .updateTable(table)
      .set(values)
      .where(table === 'request' ? 'id' : 'request_id', '=', id)
      .execute();
    return path;
  };

  const [waiting, open, usedUp, expired, old, invited, inPlace, onHold, failed, first] = await Promise.all([
    apply('dee@litware.com'),
    apply('cora@wingtip.com'),
    apply('uli@wingtip.com'),
    apply('eva@wingtip.com'),
    apply('old@competitor.com'),
    asOwner('provisioned', 'ivo@wingtip.com'),
    asOwner('provisioned', 'ines@wingtip.com'),
    asOwner('held', 'hal@adatum.com'),
    asOwner('failed', 'fay@broken.com'),
    apply('first@northwind.se'),
  ]);
  const [openMail, deadMail] = await Promise.all([
    proofMailTo(portal, 'cora@wingtip.com'),
    proofMailTo(portal, 'eva@wingtip.com'),
    proofMailTo(portal, 'uli@wingtip.com'),
    reached(portal, first, 'provisioned'),
  ]);
  await set('challenge', usedUp, { tries_left: 0 });
  await set('challenge_browser', usedUp, { tries_left: 0 });
  await ageProof(portal, expired, 3600);
  await ageRequest(portal, expired, 25 * 60);
  await lapseUnproven(deps);
  await ageRequest(portal, old, 10 * 365 * 24 * 60);
  await passNight(portal);

  const [answered, delayed, mailRefused, refused, revoked, undeliverable] = await Promise.all([
    until('provisioned', 'ana@fabrikam.com'),
    until('held', 'dan@quick.adatum.com'),
    until('held', 'bob@nowhere.fabrikam.com'),
    apply('rita@litware.com').then((path) => deny(portal, path)),
    until('provisioned', 'rob@fabrikam.com'),
    apply('nick@nowhere.com'),
  ]);
  await waitFor('the refused mail', () => isUndeliverable(portal, undeliverable), PATIENCE_MS);
  const paced = await apply('second@northwind.se');
  await letWorkerLook(portal);
  await portal.stopWorker();

  return {
    link: { open: openMail.link, used: invited.link, expired: deadMail.link },
    status: {
      'code awaited': open,
      'code used up': usedUp,
      'code not deliverable': undeliverable,
      'sign-in awaited': await apply('pia@proseware.com'),
      'awaiting approval': waiting,
      'under way': await apply('uma@fabrikam.com'),
      'waiting for its turn': paced,
      answered,
      delayed,
      'delayed, mail refused': mailRefused,
      'owner: invited': invited.page,
      'owner: in place': inPlace.page,
      'owner: on hold': onHold.page,
      'owner: failed': failed.page,
      'refused: not a partner': await apply('eve@competitor.com'),
      'refused: private address': await apply('somebody@gmail.com'),
      'refused by an approver': refused,
      expired,
      revoked: await set('request', revoked, { state: 'revoked' }),
      anonymised: old,
    },
  };
}

/** On a machine that has more to do. */
const PATIENCE_MS = 90_000;

async function reached(portal: TestPortal, path: string, state: string): Promise<void> {
  await waitFor(
    `${path} to be ${state}`,
    async () => (await requestAt(portal, path)).state === state,
    PATIENCE_MS,
  );
}

async function isUndeliverable(portal: TestPortal, path: string): Promise<boolean> {
  const { proof } = await follow(portal.deps, tokenIn(path), null);
  return proof?.kind === 'mailbox' && proof.refused;
}

/** A mail server that refuses mailboxes, and a Graph that refuses to invite. */
async function orderFaults(tenant: TestPortal['tenant']): Promise<void> {
  for (const domain of ['nowhere.com', 'nowhere.fabrikam.com']) {
    const fault = { kind: 'refuse', code: 550, message: 'No such user' };
    await tenant.fault({ on: 'smtp', domain, times: 0, fault });
  }
  const body = { error: { code: 'Forbidden', message: 'Not this one' } };
  const fault = { kind: 'status', status: 403, body };
  await tenant.fault({
    on: 'graph',
    method: 'POST',
    path: '/invitations$',
    times: 0,
    domain: 'broken.com',
    fault,
  });
}

async function deny(portal: TestPortal, path: string): Promise<string> {
  const { id, version } = await requestAt(portal, path);
  const page = `/admin/requests/${id}`;
  const words = { version, reason: 'The project that you name has ended.', note: 'Asked in Seattle' };
  await (await portal.staff('arne')).post(`${page}/deny`, words, { from: page });
  await reached(portal, path, 'denied');
  return path;
}
