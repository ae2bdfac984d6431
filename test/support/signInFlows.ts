import { sql } from 'kysely';
import { aPartner, aPolicy } from './aPolicy.js';
import { PARTNER_PEOPLE, proseware } from './partnerPeople.js';
import { startPortal, type TestPortal } from './portal.js';
import { answerFrom, answerTenant, STAFF } from './staff.js';
import type { Visitor } from './visitor.js';

/** One of the ways in which somebody signs in at the portal, for tests that hold for all of them. */
export type SignInFlow = {
  /** Whether it is at `organizations`, where the people of every tenant sign in. */
  everyTenant: boolean;
  /** Where a visitor begins; may sign up first. */
  begin(visitor: Visitor): Promise<string>;
  /** Begins, and lets a good person say at Entra who they are; returns the path to which they come back. */
  answer(portal: TestPortal, visitor: Visitor): Promise<string>;
  /** What the audit trail has of a refusal. */
  refusal(reason: string): object;
  /** Expects that a visitor who has come back got nothing. */
  expectNothing(portal: TestPortal, visitor: Visitor): Promise<void>;
  /** Expects that a visitor who has come back got what they came for, and takes it away again. */
  expectGood(portal: TestPortal, visitor: Visitor): Promise<void>;
};

const refusedSignIn = (detail: object) => ({ actor: 'portal', action: 'signIn.refused', detail });

async function expectStranger(visitor: Visitor): Promise<void> {
  expect((await visitor.get('/admin')).status).toBe(303);
}

const staff: SignInFlow = {
  everyTenant: false,
  begin: () => Promise.resolve('/sign-in'),
  answer: ({ tenant }, visitor) => answerTenant(visitor, tenant, STAFF.ada),
  refusal: (reason) => refusedSignIn({ reason }),
  expectNothing: (_portal, visitor) => expectStranger(visitor),
  async expectGood(_portal, visitor) {
    expect((await visitor.get('/admin')).status).toBe(200);
    await visitor.post('/sign-out', {}, { from: '/sign-out' });
  },
};

const PIA = { email: 'pia@proseware.com', firstName: 'Pia', lastName: 'Holm', company: 'Proseware' };

/** Where a visitor has begun. */
const begunAt = new WeakMap<Visitor, string>();

const request: SignInFlow = {
  everyTenant: true,
  async begin(visitor) {
    const page = (await visitor.apply(PIA)).replace('/requests/', '/verify/tenant/');
    begunAt.set(visitor, page);
    return page;
  },
  async answer({ tenant }, visitor) {
    return answerFrom(visitor, tenant, PARTNER_PEOPLE.pia, await request.begin(visitor));
  },
  refusal: (reason) => ({ actor: 'partner', action: 'proof.failed', detail: { kind: 'tenant', reason } }),
  async expectNothing(portal, visitor) {
    await expectStranger(visitor);
    const { rows } = await sql`select state, proof from request where state <> 'denied'`.execute(
      portal.deps.store.db,
    );
    expect(rows).toEqual([{ state: 'unproven', proof: null }]);
  },
  async expectGood(portal, visitor) {
    await expectStranger(visitor);
    // Whoever was led to the request of another browser is to confirm it.
    const confirm = `${begunAt.get(visitor)}/confirm`;
    if ((await visitor.get(confirm)).status === 200) await visitor.post(confirm, {}, { from: confirm });
    const { rows } = await sql`
      select state, proof ->> 'kind' as kind from request where state <> 'denied'`.execute(
      portal.deps.store.db,
    );
    expect(rows).toEqual([{ state: 'queued', kind: 'tenant' }]);
    // The address is free again.
    await sql`update request set state = 'denied', due_at = null`.execute(portal.deps.store.db);
  },
};

const form: SignInFlow = {
  everyTenant: true,
  begin: () => Promise.resolve('/verify/tenant'),
  answer: ({ tenant }, visitor) => answerFrom(visitor, tenant, PARTNER_PEOPLE.pia, '/verify/tenant'),
  refusal: (reason) => refusedSignIn({ kind: 'tenant', reason }),
  async expectNothing(_portal, visitor) {
    await expectStranger(visitor);
    expect((await visitor.get('/verify/form')).status).toBe(303);
  },
  async expectGood(portal, visitor) {
    await expectStranger(visitor);
    expect((await visitor.get('/verify/form')).status).toBe(200);
    await sql`delete from session`.execute(portal.deps.store.db);
  },
};

export const SIGN_IN_FLOWS: [name: string, flow: SignInFlow][] = [
  ['staff', staff],
  ['a partner with a request', request],
  ['a partner before the form', form],
];

/** A portal at which people can sign in in all of these ways, as often as a test wants. */
export function startSignInPortal(): Promise<TestPortal> {
  return startPortal({
    worker: false,
    env: { TRUST_PROXY: '1' },
    policy: aPolicy({ partners: [aPartner(), proseware()] }),
  });
}

let clients = 0;

/** Somebody with a browser and a network of their own, so that no limit is met. */
export function newcomer(portal: TestPortal): Visitor {
  clients++;
  return portal.visitor({ 'X-Forwarded-For': `198.18.${clients >> 8}.${clients & 255}` });
}
