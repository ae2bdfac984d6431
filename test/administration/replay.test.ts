import { replay, type DecisionSummary } from '../../src/administration/replay.js';
import { previewPolicy } from '../../src/administration/previewPolicy.js';
import { savePolicy } from '../../src/administration/savePolicy.js';
import type { Policy } from '../../src/policy/policy.js';
import { aPartner, aPolicy } from '../support/aPolicy.js';
import { aRequest } from '../support/aRequest.js';
import { startPortal, type TestPortal } from '../support/portal.js';
import { accessFor, aProposal, edit } from './aProposal.js';

let portal: TestPortal;
const partners = Array.from({ length: 2_000 }, (_, index) =>
  aPartner({ id: `p${index}`, name: `Partner ${index}`, domains: [`p${index}.com`, `*.p${index}.com`] }),
);

beforeAll(async () => {
  portal = await startPortal({ worker: false, policy: aPolicy({ partners }) });
});

afterAll(() => portal.close());

beforeEach(async () => {
  await portal.deps.store.db.deleteFrom('request').execute();
});

async function policyOf(overrides: Record<string, unknown>): Promise<Policy> {
  const reading = await portal.deps.policy.readDraft(JSON.stringify(aPolicy(overrides)));
  if (reading.kind !== 'loaded') throw new Error(JSON.stringify(reading));
  return reading.loaded.policy;
}

async function receive(addresses: string[]): Promise<void> {
  const partner = (address: string) => (address.endsWith('@fabrikam.com') ? 'fabrikam' : null);
  const rows = addresses.map((address, index) =>
    aRequest({
      address,
      partner: partner(address),
      state: 'denied',
      due_at: null,
      created_at: new Date(Date.now() - index * 1000),
    }),
  );
  await portal.deps.store.db.insertInto('request').values(rows).execute();
}

const CASES: [fact: string, overrides: Record<string, unknown>, changed: string[]][] = [
  ['nothing differs under the same policy', {}, []],
  ['a new name differs for nobody', { partners: [aPartner({ name: 'F' })] }, []],
  [
    'a manual approval sends people to a reviewer',
    { partners: [aPartner({ approval: 'manual' })] },
    ['ana@fabrikam.com invite fabrikam > review fabrikam'],
  ],
  ['a partner that goes is refused', { partners: [] }, ['ana@fabrikam.com invite fabrikam > deny null']],
  [
    'another app is another grant, the outcome being the same',
    { partners: [aPartner({ apps: ['wiki'] })] },
    ['ana@fabrikam.com invite fabrikam > invite fabrikam'],
  ],
  [
    'a proof that is asked for comes before everything else',
    { partners: [aPartner({ proof: 'mailbox', approval: 'manual' })] },
    ['ana@fabrikam.com invite fabrikam > prove (mailbox, then review) fabrikam'],
  ],
  [
    'a denial that goes lets others in',
    { deny: {}, unlisted: 'review' },
    ['bo@competitor.com deny null > review null', 'cy@nowhere.org deny null > review null'],
  ],
];

function said({ outcome, proof, partner }: DecisionSummary): string {
  return `${outcome}${proof ? ` (${proof.kind}, then ${proof.then})` : ''} ${partner}`;
}

test.each(CASES)('%s', async (_fact, overrides, expected) => {
  await receive(['ana@fabrikam.com', 'bo@competitor.com', 'cy@nowhere.org']);
  const { deps } = portal;
  const found = await replay(deps, accessFor(deps), await policyOf({}), await policyOf(overrides));
  expect(found.examined).toBe(3);
  expect(
    found.changed.map(({ address, before, after }) => `${address} ${said(before)} > ${said(after)}`),
  ).toEqual(expected);
  expect(found.counts.reduce((sum, { count }) => sum + count, 0)).toBe(expected.length);
});

const asking = (overrides: object) => ({ partners: [aPartner({ proof: 'mailbox', ...overrides })] });

test.each<[fact: string, overrides: object, changed: string[]]>([
  [
    'another proof',
    { proof: 'tenant' },
    ['prove (mailbox, then invite) fabrikam > prove (tenant, then invite) fabrikam'],
  ],
  [
    'what follows the proof',
    { approval: 'manual' },
    ['prove (mailbox, then invite) fabrikam > prove (mailbox, then review) fabrikam'],
  ],
  ['a name', { name: 'F' }, []],
])(
  'where a proof is asked for before and after, what differs is found: %s',
  async (_fact, change, expected) => {
    await receive(['ana@fabrikam.com']);
    const { deps } = portal;
    const found = await replay(
      deps,
      accessFor(deps),
      await policyOf(asking({})),
      await policyOf(asking(change)),
    );
    expect(found.changed.map(({ before, after }) => `${said(before)} > ${said(after)}`)).toEqual(expected);
  },
);

test('whoever has shown what is asked is judged with it', async () => {
  await receive(['ana@fabrikam.com', 'bo@fabrikam.com']);
  const { deps } = portal;
  const proof = { kind: 'mailbox', at: new Date().toISOString(), browser: '00' };
  await deps.store.db
    .updateTable('request')
    .set({ proof: JSON.stringify(proof) })
    .where('address', '=', 'ana@fabrikam.com')
    .execute();
  const found = await replay(deps, accessFor(deps), await policyOf({}), await policyOf(asking({})));
  expect(found.changed.map(({ address, after }) => `${address} ${said(after)}`)).toEqual([
    'bo@fabrikam.com prove (mailbox, then invite) fabrikam',
  ]);
});

test('whoever sees some partners only sees their requests only', async () => {
  await receive(['ana@fabrikam.com', 'bo@competitor.com']);
  const { deps } = portal;
  const access = { ...accessFor(deps), reads: ['fabrikam'] };
  const found = await replay(
    deps,
    access,
    await policyOf({}),
    await policyOf({ partners: [], deny: {}, unlisted: 'review' }),
  );
  expect(found.changed.map(({ address }) => address)).toEqual(['ana@fabrikam.com']);
});

test('2,000 partners and 500 requests are replayed, previewed and saved', async () => {
  await receive(Array.from({ length: 600 }, (_, index) => `ana@p${index * 3}.com`));
  const { deps } = portal;
  const access = accessFor(deps);
  const manual = await policyOf({
    partners: partners.map((partner) => ({ ...partner, approval: 'manual' })),
  });
  const proposal = () =>
    aProposal(
      deps,
      edit(['partners', 1_000, 'name'], `At ${performance.now()}`),
      edit(['partners', 3, 'apps'], ['wiki']),
    );
  const replayed = await replay(deps, access, deps.policy.current().policy, manual);
  expect(replayed).toMatchObject({
    examined: 500,
    counts: [{ before: 'invite', after: 'review', count: 500 }],
  });
  await previewPolicy(deps, access, proposal());
  const previewed = await previewPolicy(deps, access, proposal());
  expect(previewed).toMatchObject({ faults: [], changes: { length: 2 } });
  await savePolicy(deps, access, proposal());
});
