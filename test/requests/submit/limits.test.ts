import { prove } from '../../../src/requests/prove/prove.js';
import type { NewRequest, RequestState } from '../../../src/store/schema.js';
import { aPartner, aPolicy } from '../../support/aPolicy.js';
import { requestAt } from '../../support/ageRequest.js';
import { aRequest } from '../../support/aRequest.js';
import { startPortal, type TestPortal } from '../../support/portal.js';

let portal: TestPortal;

beforeAll(async () => {
  portal = await startPortal({
    worker: false,
    policy: aPolicy({
      partners: [
        aPartner({ limits: { perDay: 2 } }),
        aPartner({ id: 'small', domains: ['small.com'], limits: { total: 3 } }),
        aPartner({ id: 'late', domains: ['late.com'], proof: 'mailbox', limits: { perDay: 1 } }),
        aPartner({ id: 'careful', domains: ['careful.com'], proof: 'mailbox', limits: { total: 1 } }),
      ],
    }),
  });
});
afterAll(() => portal.close());

async function statesOf(domain: string) {
  const rows = await portal.deps.store.db
    .selectFrom('request')
    .select(['state', 'decision'])
    .where('address', 'like', `%@${domain}`)
    .execute();
  return rows.map(({ state, decision }) => `${state} ${decision.reasons.at(-1)?.code ?? ''}`).sort();
}

test('2.4.1 who comes after the last place of the day waits for a person, also when all come at once', async () => {
  await Promise.all([1, 2, 3, 4].map((n) => portal.visitor().apply({ email: `p${n}@fabrikam.com` })));
  expect(await statesOf('fabrikam.com')).toEqual([
    'pending limit.perDay',
    'pending limit.perDay',
    'queued domain.listed',
    'queued domain.listed',
  ]);
});

test('yesterday does not count towards today', async () => {
  const { db } = portal.deps.store;
  await db
    .updateTable('request')
    .set({ created_at: new Date(Date.now() - 26 * 3600_000) })
    .execute();
  await portal.visitor().apply({ email: 'tomorrow@fabrikam.com' });
  expect(await statesOf('fabrikam.com')).toContain('queued domain.listed');
});

test('a place is taken with the proof: signing up yesterday and proving today takes one of today', async () => {
  const { db } = portal.deps.store;
  const ids: string[] = [];
  for (const n of [1, 2, 3]) {
    const path = await portal.visitor().apply({ email: `p${n}@late.com` });
    ids.push((await requestAt(portal, path)).id);
  }
  await db
    .updateTable('request')
    .set({ created_at: new Date(Date.now() - 23 * 3600_000) })
    .where('id', 'in', ids)
    .execute();
  for (const id of ids) {
    await prove(portal.deps, id, { kind: 'mailbox', at: new Date().toISOString(), browser: '00' });
  }
  expect(await statesOf('late.com')).toEqual([
    'pending limit.perDay',
    'pending limit.perDay',
    'queued domain.listed',
  ]);
});

test('2.4.1 a limit in all counts every day, but neither the refused nor the lapsed', async () => {
  const { db } = portal.deps.store;
  for (const n of [1, 2, 3]) await portal.visitor().apply({ email: `p${n}@small.com` });
  await portal.visitor().apply({ email: 'p4@small.com' });
  expect(await statesOf('small.com')).toContain('pending limit.total');
  await db
    .updateTable('request')
    .set({ state: 'lapsed' })
    .where('address', 'in', ['p1@small.com', 'p4@small.com'])
    .execute();
  await portal.visitor().apply({ email: 'p5@small.com' });
  const row = await db
    .selectFrom('request')
    .select('state')
    .where('address', '=', 'p5@small.com')
    .executeTakeFirstOrThrow();
  expect(row.state).toBe('queued');
});

describe('places are people’s:', () => {
  const db = () => portal.deps.store.db;
  const stateOf = async (address: string) =>
    (
      await db()
        .selectFrom('request')
        .select('state')
        .where('address', '=', address)
        .orderBy('created_at', 'desc')
        .executeTakeFirstOrThrow()
    ).state;
  /** Inserts requests of partners whose places the policy limits. */
  const before = async (partner: string, rows: Partial<NewRequest>[]) => {
    for (const row of rows)
      await db()
        .insertInto('request')
        .values(aRequest({ partner, ...row }))
        .execute();
  };
  const LONG_AGO = { updated_at: new Date(Date.now() - 3600_000), due_at: null };
  beforeEach(() => db().deleteFrom('request').execute());

  test.each([
    ['small.com', 'small', 2],
    ['fabrikam.com', 'fabrikam', 1],
  ])('at %s whoever signs up again and again takes up one', async (domain, partner, others) => {
    const address = `eager@${domain}`;
    const again = { address, state: 'provisioned' as const, ...LONG_AGO };
    await before(partner, [again, again, again, again]);
    for (let n = 0; n < others; n++) await portal.visitor().apply({ email: `p${n}@${domain}` });
    expect(await stateOf(`p${others - 1}@${domain}`)).toBe('queued');
    await portal.visitor().apply({ email: `last@${domain}` });
    expect(await stateOf(`last@${domain}`)).toBe('pending');
  });

  test.each([
    ['small.com', 'small', 2],
    ['fabrikam.com', 'fabrikam', 1],
  ])('at %s whoever has one keeps it, also when all are taken', async (domain, partner, others) => {
    const address = `ana@${domain}`;
    await before(partner, [{ address, state: 'provisioned', ...LONG_AGO }]);
    for (let n = 0; n < others; n++) await portal.visitor().apply({ email: `p${n}@${domain}` });
    await portal.visitor().apply({ email: address });
    expect(await stateOf(address)).toBe('queued');
  });

  test.each<[RequestState, boolean]>([
    ['unproven', false],
    ['denied', false],
    ['lapsed', false],
    ['pending', true],
    ['queued', true],
    ['failed', true],
    ['held', true],
    ['provisioned', true],
  ])('a request that is %s takes up one: %s', async (state, takes) => {
    const problem = state === 'lapsed' ? JSON.stringify({ code: 'superseded' }) : null;
    await before(
      'small',
      [1, 2, 3].map((n) => ({ address: `p${n}@small.com`, state, problem, due_at: null })),
    );
    await portal.visitor().apply({ email: 'p4@small.com' });
    expect(await stateOf('p4@small.com')).toBe(takes ? 'pending' : 'queued');
  });

  test('strangers who only name addresses of a partner that asks for proof use none of them up', async () => {
    for (const n of [1, 2, 3]) await portal.visitor().apply({ email: `victim${n}@careful.com` });
    const path = await portal.visitor().apply({ email: 'ana@careful.com' });
    const row = await requestAt(portal, path);
    const proof = { kind: 'mailbox' as const, at: new Date().toISOString(), browser: '0'.repeat(64) };
    await prove(portal.deps, row.id, proof);
    expect(await stateOf('ana@careful.com')).toBe('queued');
    const second = await portal.visitor().apply({ email: 'bo@careful.com' });
    const other = await requestAt(portal, second);
    await prove(portal.deps, other.id, proof);
    expect(await stateOf('bo@careful.com')).toBe('pending');
  });
});
