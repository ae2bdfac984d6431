import { writeFile } from 'node:fs/promises';
import {
  changePolicy,
  type ObjectChange,
  findObject,
  type PolicyObject,
} from '../../src/administration/changePolicy.js';
import type { Deps } from '../../src/deps.js';
import { aPartner, aPolicy } from '../support/aPolicy.js';
import { startPortal, type TestPortal } from '../support/portal.js';
import { waitFor } from '../support/waitFor.js';
import { accessFor } from './aProposal.js';

let portal: TestPortal;
let deps: Deps;

const NORTHWIND = aPartner({ id: 'northwind', name: 'Northwind', domains: ['northwind.se'] });
const POLICY = aPolicy({ partners: [NORTHWIND, aPartner()] });

beforeAll(async () => {
  portal = await startPortal({ worker: false, policy: POLICY });
  deps = portal.deps;
});
afterAll(() => portal.close());
beforeEach(() => changeOnDisk(POLICY));

/** Somebody else writes the file; returns its hash once the store knows it as a version. */
async function changeOnDisk(policy: object): Promise<string> {
  await writeFile(portal.policyFile, JSON.stringify(policy));
  await deps.policy.reload();
  const { hash } = deps.policy.current();
  const { db } = deps.store;
  await waitFor('the version', async () => {
    const rows = await db.selectFrom('policy_version').select('id').where('hash', '=', hash).execute();
    return rows.length > 0;
  });
  return hash;
}

const FABRIKAM: PolicyObject = { section: 'partners', key: 'fabrikam' };
const set = (member: string, value: unknown) => () => [{ path: [member], value }];
const change = (overrides: Partial<ObjectChange> = {}, access = accessFor(deps)) =>
  changePolicy(deps, access, {
    object: FABRIKAM,
    base: deps.policy.current().hash,
    edit: set('name', 'Mine'),
    ...overrides,
  });

test('a change becomes a proposal with its preview, and nothing is saved', async () => {
  const { hash } = deps.policy.current();
  expect(await change()).toMatchObject({
    kind: 'proposal',
    proposal: { base: hash, edits: [{ path: ['partners', 1, 'name'], value: 'Mine' }] },
    preview: { differs: true, faults: [], changes: [{ key: 'fabrikam', fields: [{ after: 'Mine' }] }] },
  });
  expect(deps.policy.current().hash).toBe(hash);
});

test('a new partner goes to the end of the list', async () => {
  const value = aPartner({ id: 'litware', domains: ['litware.com'] });
  const outcome = await change({
    object: { section: 'partners' },
    base: null,
    edit: () => [{ path: [], value }],
  });
  expect(outcome).toMatchObject({
    kind: 'proposal',
    proposal: { edits: [{ path: ['partners', 2], value }] },
  });
});

test.each<[fact: string, edit: ObjectChange['edit']]>([
  ['without an edit', () => []],
  ['with an edit to what the policy has already', set('name', 'Fabrikam')],
])('a change %s is none', async (_fact, edit) => {
  expect(await change({ edit })).toEqual({ kind: 'unchanged' });
});

test('what the check refuses comes back with its places, where partners are named', async () => {
  expect(await change({ edit: set('domains', ['northwind.se']) })).toMatchObject({
    kind: 'faulty',
    at: 'partners[1]',
    faults: [{ path: 'partners[1].domains[0]', code: 'rule.twice', values: { place: 'Northwind' } }],
  });
});

describe('after somebody else has saved', () => {
  test.each<[fact: string, theirs: object]>([
    ['another partner', { partners: [{ ...NORTHWIND, name: 'Theirs' }, aPartner()] }],
    ['the order of the partners', { partners: [aPartner(), NORTHWIND] }],
    ['a setting', { unlisted: 'review' }],
  ])('%s, the change is made to the new policy', async (_fact, theirs) => {
    const base = deps.policy.current().hash;
    const hash = await changeOnDisk({ ...POLICY, ...theirs });
    expect(await change({ base })).toMatchObject({ kind: 'proposal', proposal: { base: hash } });
  });

  test('the same partner, it is a conflict with the partner as it is now', async () => {
    const base = deps.policy.current().hash;
    const theirs = aPartner({ name: 'Theirs' });
    await changeOnDisk({ ...POLICY, partners: [theirs] });
    expect(await change({ base })).toMatchObject({
      kind: 'conflict',
      conflict: { object: { now: theirs, before: { value: aPartner() } }, terms: null },
    });
  });

  test('a policy without the partner, it is gone', async () => {
    const base = deps.policy.current().hash;
    await changeOnDisk({ ...POLICY, partners: [NORTHWIND] });
    expect(await change({ base })).toMatchObject({
      kind: 'conflict',
      conflict: { object: { now: undefined, before: { value: aPartner() } }, terms: null },
    });
  });

  test('other terms, new terms are a conflict', async () => {
    expect(await change({ edit: () => [], terms: { texts: 'Mine', base: 'other' } })).toEqual({
      kind: 'conflict',
      conflict: { object: null, terms: { now: undefined } },
    });
  });
});

test.each(['', 'x', '\0', '0'.repeat(64)])('a base that nobody saw (%j) is a conflict', async (base) => {
  expect(await change({ base })).toMatchObject({ kind: 'conflict' });
});

test('a person who may only read changes nothing', async () => {
  const auditor = accessFor(deps, 'aud', ['Portal.Auditor']);
  await expect(change({}, auditor)).rejects.toMatchObject({ id: 'policyReadOnly' });
});

test.each<[object: PolicyObject, path: unknown, value: unknown]>([
  [{ section: 'partners', key: 'b' }, ['partners', 1], { id: 'b' }],
  [{ section: 'partners', key: 'c' }, ['partners', 2], undefined],
  [{ section: 'partners' }, ['partners', 2], undefined],
  [{ section: 'apps', key: 'crm' }, ['apps', 'crm'], { name: 'CRM' }],
  [{ section: 'apps', key: 'toString' }, ['apps', 'toString'], undefined],
  [{ section: 'groups', key: 'crm' }, ['groups', 'crm'], undefined],
  [{ section: 'portal' }, ['portal'], undefined],
  [{ section: 'rules' }, [], { deny: undefined, unlisted: 'review' }],
])('%j is found in a document', (object, path, value) => {
  const document = {
    partners: [{ id: 'a' }, { id: 'b' }],
    apps: { crm: { name: 'CRM' } },
    unlisted: 'review',
  };
  expect(findObject(document, object)).toEqual({ path, value });
});
