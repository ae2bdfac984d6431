import { aPartner, aPolicy } from '../support/aPolicy.js';
import { startPortal, type TestPortal } from '../support/portal.js';

let portal: TestPortal;

beforeAll(async () => {
  portal = await startPortal({
    worker: false,
    policy: aPolicy({
      partners: [
        aPartner({ limits: { perDay: 2 } }),
        aPartner({ id: 'small', domains: ['small.com'], limits: { total: 3 } }),
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

test('who comes after the last place of the day waits for a person, also when all come at once', async () => {
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

test('a limit in all counts every day, but neither the refused nor the lapsed', async () => {
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
