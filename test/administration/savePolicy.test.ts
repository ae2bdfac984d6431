import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { sql } from 'kysely';
import { describeConflict } from '../../src/administration/policyConflict.js';
import type { PolicyProposal } from '../../src/administration/draftPolicy.js';
import { findVersionTexts, listVersions } from '../../src/administration/policyVersions.js';
import { previewPolicy } from '../../src/administration/previewPolicy.js';
import { savePolicy } from '../../src/administration/savePolicy.js';
import { openPolicyHistory } from '../../src/policyFile/policyHistory.js';
import { openDeps, type Deps } from '../../src/deps.js';
import { createLog } from '../../src/log.js';
import { editPolicyText } from '../../src/policy/editText.js';
import {
  insertPolicyVersion,
  listPolicyVersions,
  lockPolicy,
  type NewPolicyVersion,
} from '../../src/store/policyVersions.js';
import { aPartner, aPolicy, GROUPS } from '../support/aPolicy.js';
import { startPortal, type TestPortal } from '../support/portal.js';
import { STAFF } from '../support/staff.js';
import { waitFor } from '../support/waitFor.js';
import { accessFor, aProposal, edit } from './aProposal.js';

const onPostgres = process.env.DATABASE_URL ? test : test.skip;
const MICROSOFT_GRAPH = '33333333-0000-4000-8000-000000000003';

let portal: TestPortal;
let deps: Deps;

/** The newest event before a test. */
let mark: string;

beforeAll(async () => {
  portal = await startPortal({ worker: false });
  deps = portal.deps;
});

afterAll(() => portal.close());

beforeEach(async () => {
  await portal.tenant.clearFaults();
  await changeOnDisk(JSON.stringify(aPolicy()));
  // Under the lock: a change of the test before may be recorded only now.
  await deps.store.db.transaction().execute(async (trx) => {
    await lockPolicy(trx);
    await trx.deleteFrom('policy_version').execute();
  });
  await openPolicyHistory(deps);
  mark = (await events('0')).at(-1)?.id ?? '0';
});

const onDisk = () => readFile(portal.policyFile, 'utf8');
const versions = () => listPolicyVersions(deps.store.db, 100, 0);
const authorsOf = async () => (await versions()).map(({ author }) => author.split('/').at(-1));
const events = (after = mark) =>
  deps.store.db
    .selectFrom('audit_event')
    .select(['id', 'actor', 'action', 'detail'])
    .where('id', '>', after)
    .where('action', 'like', 'policy.%')
    .orderBy('id')
    .execute();
const rename = (name: string) => edit(['partners', 0, 'name'], name);

/** The file is written by somebody outside, and the portal has seen it. */
async function changeOnDisk(text: string): Promise<void> {
  await writeFile(portal.policyFile, text);
  await deps.policy.reload();
}

describe('a saved proposal', () => {
  test('is in the file, in force, and kept with author, comment and counts', async () => {
    const before = deps.policy.current();
    const { hash } = await savePolicy(deps, accessFor(deps), aProposal(deps, rename('Renamed')), {
      comment: 'Why',
    });
    expect(deps.policy.current()).toMatchObject({ hash, text: await onDisk() });
    expect(deps.policy.current().policy.partner('fabrikam')?.name).toBe('Renamed');
    expect((await versions())[0]).toMatchObject({
      hash,
      previous_hash: before.hash,
      author: `${deps.config.tenantId}/${STAFF.ada}`,
      comment: 'Why',
      counts: { partners: 1, apps: 2, groups: 7 },
    });
  });

  test('leaves one event with ids and hashes, and nothing that people typed', async () => {
    const { hash } = await savePolicy(deps, accessFor(deps), aProposal(deps, rename('Renamed')), {
      comment: 'Secret',
    });
    const [saved, ...more] = await events();
    expect(more).toEqual([]);
    expect(saved).toMatchObject({ action: 'policy.saved', detail: { policy: hash } });
    expect(JSON.stringify(saved)).not.toMatch(/Renamed|Secret/);
  });

  test('that changes nothing makes no version', async () => {
    const text = await onDisk();
    await savePolicy(deps, accessFor(deps), { base: deps.policy.current().hash, text });
    expect(await authorsOf()).toEqual(['file']);
  });

  test('is refused to whoever may only read', async () => {
    const auditor = accessFor(deps, 'aud', ['Portal.Auditor']);
    await expect(savePolicy(deps, auditor, aProposal(deps, rename('X')))).rejects.toMatchObject({
      id: 'forbidden',
    });
    expect(await authorsOf()).toEqual(['file']);
  });

  test('with faults is refused with each, and leaves nothing', async () => {
    const before = await onDisk();
    const proposal = aProposal(deps, edit(['partners', 0, 'apps'], ['none']), edit(['unlisted'], 'maybe'));
    await expect(savePolicy(deps, accessFor(deps), proposal)).rejects.toMatchObject({
      faults: [{ path: 'partners[0].apps[0]' }, { path: 'unlisted' }],
    });
    expect(await onDisk()).toBe(before);
    expect(await authorsOf()).toEqual(['file']);
  });
});

describe('a lost update is refused', () => {
  test('when another admin has saved', async () => {
    const mine = aProposal(deps, rename('Mine'));
    const theirs = aProposal(deps, rename('Theirs'));
    await savePolicy(deps, accessFor(deps), theirs);
    await expect(savePolicy(deps, accessFor(deps, 'arne'), mine)).rejects.toMatchObject({
      id: 'policyConflict',
    });
    expect(deps.policy.current().policy.partner('fabrikam')?.name).toBe('Theirs');
  });

  test('when the file was changed on disk, even if the portal has not seen it yet', async () => {
    const mine = aProposal(deps, rename('Mine'));
    const theirs = editPolicyText(await onDisk(), [rename('Theirs')]);
    await writeFile(portal.policyFile, theirs);
    await expect(savePolicy(deps, accessFor(deps), mine)).rejects.toMatchObject({ id: 'policyConflict' });
    expect(await onDisk()).toBe(theirs);
  });

  test('to 19 of 20 who save at once', async () => {
    const base = deps.policy.current();
    const outcomes = await Promise.allSettled(
      Array.from({ length: 20 }, (_, n) =>
        savePolicy(deps, accessFor(deps), { base: base.hash, edits: [rename(`Number ${n}`)] }),
      ),
    );
    const refused = outcomes.flatMap((outcome) =>
      outcome.status === 'rejected' ? [outcome.reason as unknown] : [],
    );
    expect(refused).toHaveLength(19);
    for (const reason of refused) expect(reason).toMatchObject({ id: 'policyConflict' });
    expect((await versions()).map(({ hash }) => hash)).toEqual([deps.policy.current().hash, base.hash]);
    expect(await deps.store.db.selectFrom('policy_version').select('id').execute()).toHaveLength(2);
  });

  onPostgres('between two portals that share the store and the file', async () => {
    const other = await openDeps(deps.config, createLog('silent'));
    try {
      const base = deps.policy.current().hash;
      const outcomes = await Promise.allSettled(
        Array.from({ length: 20 }, (_, n) => {
          const instance = n % 2 === 0 ? deps : other;
          return savePolicy(instance, accessFor(instance), { base, edits: [rename(`Number ${n}`)] });
        }),
      );
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      await other.policy.reload();
      await deps.policy.reload();
      expect(other.policy.current().hash).toBe(deps.policy.current().hash);
    } finally {
      await other.close();
    }
    expect(await authorsOf()).toEqual([STAFF.ada, 'file']);
  });
});

describe('a conflict', () => {
  test('of changes to different partners can be applied on top of what is in force', async () => {
    const mine = aProposal(deps, edit(['apps', 'crm', 'name'], 'Mine'));
    await savePolicy(deps, accessFor(deps), aProposal(deps, rename('Theirs')));
    const conflict = await describeConflict(deps, mine);
    expect(conflict.theirs).toMatchObject([{ key: 'fabrikam', fields: [{ after: 'Theirs' }] }]);
    expect(conflict.mine).toMatchObject([{ key: 'crm', fields: [{ after: 'Mine' }] }]);
    if (!conflict.onTop) throw new Error('Nothing is offered');
    await savePolicy(deps, accessFor(deps), conflict.onTop);
    expect(deps.policy.current().policy.document).toMatchObject({
      apps: { crm: { name: 'Mine' } },
      partners: [{ name: 'Theirs' }],
    });
  });

  test('of changes to the same partner shows both and offers no choice for people', async () => {
    const mine = aProposal(deps, rename('Mine'));
    await savePolicy(deps, accessFor(deps), aProposal(deps, rename('Theirs')));
    const conflict = await describeConflict(deps, mine);
    expect(conflict.onTop).toBeNull();
    expect(conflict.text).toContain('"Mine"');
    expect(conflict.lines).toContainEqual({ kind: 'ins', text: expect.stringContaining('Mine') as string });
  });
});

describe('a conflict of terms of use', () => {
  const mineOnTop = async (mine: string, theirs: Partial<PolicyProposal>) => {
    await savePolicy(deps, accessFor(deps), { ...aProposal(deps), terms: '# First' });
    const proposal = { ...aProposal(deps, edit(['apps', 'crm', 'name'], 'Mine')), terms: mine };
    await savePolicy(deps, accessFor(deps), { ...aProposal(deps, rename('Theirs')), ...theirs });
    return (await describeConflict(deps, proposal)).onTop;
  };

  test('is left to a person when both brought others', async () => {
    expect(await mineOnTop('# Mine', { terms: '# Theirs' })).toBeNull();
  });

  test('keeps theirs where mine are the old ones', async () => {
    const onTop = await mineOnTop('# First', { terms: '# Theirs' });
    if (!onTop) throw new Error('Nothing is offered');
    await savePolicy(deps, accessFor(deps), onTop);
    expect(deps.policy.current()).toMatchObject({ terms: { texts: [{ text: '# Theirs' }] } });
  });

  test('keeps mine where theirs are the old ones', async () => {
    expect(await mineOnTop('# Mine', {})).toMatchObject({ terms: '# Mine' });
  });
});

describe('changes on disk', () => {
  test('are kept as versions of nobody in particular', async () => {
    await changeOnDisk(JSON.stringify(aPolicy({ unlisted: 'review' })));
    await waitFor('the version', async () => (await authorsOf()).length === 2);
    expect(await authorsOf()).toEqual(['file', 'file']);
    expect((await events()).at(-1)).toMatchObject({
      actor: 'portal',
      action: 'policy.loaded',
      detail: { policy: deps.policy.current().hash },
    });
  });

  test('that are refused are events with the number of faults, not versions', async () => {
    await changeOnDisk(JSON.stringify(aPolicy({ unlisted: 'maybe' })));
    await waitFor('the event', async () => (await events()).at(-1)?.action === 'policy.refused');
    expect((await events()).at(-1)).toMatchObject({ detail: { faults: 1 } });
    expect(await authorsOf()).toEqual(['file']);
  });

  test('that were refused are mended from the text on disk', async () => {
    await changeOnDisk(JSON.stringify(aPolicy({ unlisted: 'maybe' })));
    await waitFor('the event', async () => (await events()).at(-1)?.action === 'policy.refused');
    const newest = deps.policy.newest();
    if (!newest) throw new Error('There is no file');
    await expect(savePolicy(deps, accessFor(deps), aProposal(deps, rename('X')))).rejects.toMatchObject({
      id: 'policyConflict',
    });
    await savePolicy(deps, accessFor(deps), { base: newest.hash, edits: [edit(['unlisted'], 'review')] });
    expect(deps.policy.faults()).toEqual([]);
    expect(deps.policy.current().policy.document.unlisted).toBe('review');
  });
});

describe('a process that ends while it saves', () => {
  const begun = (): NewPolicyVersion => ({
    state: 'saving',
    hash: deps.policy.current().hash,
    text: deps.policy.current().text,
    author: 'tenant/ada',
    previous_hash: null,
    counts: JSON.stringify({ partners: 0, apps: 0, groups: 0 }),
  });

  test('after it has replaced the file leaves a version that is confirmed at the next start, with its author', async () => {
    const previous = deps.policy.current().hash;
    const text = editPolicyText(await onDisk(), [rename('Cut off')]);
    const judged = await deps.policy.readDraft(text);
    if (judged.kind !== 'loaded') throw new Error('The policy is not good');
    await insertPolicyVersion(deps.store.db, {
      ...begun(),
      hash: judged.loaded.hash,
      text,
      previous_hash: previous,
    });
    await deps.policy.save(judged, previous);
    await openPolicyHistory(deps);
    expect(await authorsOf()).toEqual(['ada', 'file']);
    expect((await events()).at(-1)).toMatchObject({ actor: 'tenant/ada', action: 'policy.saved' });
  });

  test('keeps its author also when that is found hours later', async () => {
    const previous = deps.policy.current().hash;
    const text = editPolicyText(await onDisk(), [rename('Cut off long ago')]);
    const judged = await deps.policy.readDraft(text);
    if (judged.kind !== 'loaded') throw new Error('The policy is not good');
    const { hash } = judged.loaded;
    await insertPolicyVersion(deps.store.db, { ...begun(), hash, text, previous_hash: previous });
    await insertPolicyVersion(deps.store.db, { ...begun(), hash: 'f'.repeat(64) });
    await deps.store.db
      .updateTable('policy_version')
      .set({ at: sql<Date>`now() - interval '2 hours'` })
      .where('state', '=', 'saving')
      .execute();
    await deps.policy.save(judged, previous);
    await openPolicyHistory(deps);
    expect(await authorsOf()).toEqual(['ada', 'file']);
    const all = await deps.store.db.selectFrom('policy_version').select('state').execute();
    expect(all.map(({ state }) => state)).toEqual(['saved', 'saved']);
  });

  test('before it has replaced the file leaves nothing that shows', async () => {
    await insertPolicyVersion(deps.store.db, { ...begun(), hash: 'f'.repeat(64) });
    await openPolicyHistory(deps);
    expect(await authorsOf()).toEqual(['file']);
  });
});

describe('when only the confirmation of a save fails', () => {
  /** How many confirmations are to fail; a sequence counts on where a transaction is rolled back. */
  async function failConfirmations(times: number): Promise<void> {
    const { db } = deps.store;
    await sql`create sequence confirmation_tried`.execute(db);
    await sql`
      create function fail_confirmation() returns trigger language plpgsql as $$
      begin
        if new.state = 'saved' and nextval('confirmation_tried') <= ${sql.lit(times)} then
          raise exception 'no confirmation';
        end if;
        return new;
      end $$`.execute(db);
    await sql`
      create trigger fail_confirmation before update on policy_version
      for each row execute function fail_confirmation()`.execute(db);
  }

  afterEach(async () => {
    await sql`drop trigger fail_confirmation on policy_version`.execute(deps.store.db);
    await sql`drop function fail_confirmation`.execute(deps.store.db);
    await sql`drop sequence confirmation_tried`.execute(deps.store.db);
  });

  test('it is saved all the same, and the running portal keeps its version with the author', async () => {
    await failConfirmations(1);
    const { hash } = await savePolicy(deps, accessFor(deps), aProposal(deps, rename('Replaced')));
    expect(deps.policy.current()).toMatchObject({ hash, text: await onDisk() });
    await waitFor('the version', async () => (await versions())[0]?.hash === hash);
    expect(await authorsOf()).toEqual([STAFF.ada, 'file']);
    expect((await events()).map(({ action }) => action)).toEqual(['policy.saved']);
  });

  test('a version that was rolled back to is kept as such', async () => {
    const { id: restoredFrom } = await deps.store.db
      .selectFrom('policy_version')
      .select(sql<string>`id::text`.as('id'))
      .executeTakeFirstOrThrow();
    await savePolicy(deps, accessFor(deps), aProposal(deps, rename('Next')));
    await failConfirmations(1);
    const before = (await events()).length;
    const text = JSON.stringify(aPolicy());
    await savePolicy(deps, accessFor(deps), { base: deps.policy.current().hash, text }, { restoredFrom });
    await waitFor('the event', async () => (await events()).length > before);
    expect((await events()).at(-1)).toMatchObject({
      actor: `${deps.config.tenantId}/${STAFF.ada}`,
      action: 'policy.rolledBack',
      detail: { restoredFrom },
    });
  });

  test('what cannot be recorded at once is tried again until the store takes it', async () => {
    const history = await openPolicyHistory(deps, 5);
    try {
      await failConfirmations(3);
      await savePolicy(deps, accessFor(deps), aProposal(deps, rename('Late')));
      history.note({ kind: 'loaded', hash: deps.policy.current().hash });
      await waitFor('the version', async () => (await versions())[0]?.hash === deps.policy.current().hash);
      expect(await authorsOf()).toEqual([STAFF.ada, 'file']);
    } finally {
      await history.close();
    }
  });
});

describe('the directory is asked', () => {
  const group = (id: string) => edit(['groups', 'fresh'], { id, name: 'Fresh' });

  beforeEach(() => changeOnDisk(JSON.stringify(aPolicy({ groups: onlyUsed }))));
  const onlyUsed = {
    partners: { id: GROUPS.partners, name: 'Partners' },
    crm: { id: GROUPS.crm, name: 'CRM' },
  };

  test.each([
    ['roleAssignable', GROUPS.roleAssignable, 'directory.roleAssignable'],
    ['dynamic', GROUPS.dynamic, 'directory.dynamic'],
    ['onPremises', GROUPS.onPremises, 'directory.onPremises'],
    ['distribution', GROUPS.distribution, 'directory.mailEnabled'],
    ['missing', '22222222-0000-4000-8000-00000000ffff', 'directory.noGroup'],
  ])('and a group that is %s is a fault with its path', async (_kind, id, code) => {
    const proposal = aProposal(deps, group(id));
    await expect(savePolicy(deps, accessFor(deps), proposal)).rejects.toMatchObject({
      faults: [{ path: 'groups.fresh.id', line: 1, code }],
    });
    expect((await previewPolicy(deps, accessFor(deps), proposal))?.faults).toHaveLength(1);
  });

  test('and a role on Microsoft Graph itself is a fault', async () => {
    const app = {
      name: 'G',
      url: 'https://g.com',
      servicePrincipalId: MICROSOFT_GRAPH,
      appRoleId: GROUPS.crm,
    };
    await expect(
      savePolicy(deps, accessFor(deps), aProposal(deps, edit(['apps', 'g'], app))),
    ).rejects.toMatchObject({
      faults: [{ path: 'apps.g.servicePrincipalId', code: 'directory.microsoftGraph' }],
    });
  });

  test('about new ids only', async () => {
    const already = await portal.tenant.graphCalls('GET', /groups/);
    await savePolicy(deps, accessFor(deps), aProposal(deps, group(GROUPS.wiki)));
    const paths = (await portal.tenant.graphCalls('GET', /groups/))
      .slice(already.length)
      .map(({ path }) => path);
    expect(paths).toEqual([expect.stringContaining(GROUPS.wiki)]);
  });

  test('and where it does not answer, the ids are named and saving stays possible', async () => {
    await portal.tenant.fault({
      on: 'graph',
      method: 'GET',
      path: '/groups/',
      times: 9,
      fault: { kind: 'reset', when: 'before' },
    });
    const proposal = aProposal(deps, group(GROUPS.wiki));
    expect(await previewPolicy(deps, accessFor(deps), proposal)).toMatchObject({
      faults: [],
      unchecked: ['groups.fresh.id'],
    });
    await savePolicy(deps, accessFor(deps), proposal);
    expect(deps.policy.current().policy.document.groups).toHaveProperty('fresh');
  });
});

describe('terms of use', () => {
  const folder = () => dirname(portal.policyFile);

  test('are saved with the policy under a name of their own, and older ones stay', async () => {
    const first = { ...aProposal(deps), terms: '# First\r\n' };
    await savePolicy(deps, accessFor(deps), first);
    const { policy, terms } = deps.policy.current();
    expect(policy.document.portal.terms).toMatch(/^terms-[0-9a-f]{8}\.md$/);
    expect(terms?.texts[0]?.text).toBe('# First\n');
    await savePolicy(deps, accessFor(deps), { ...aProposal(deps), terms: '# Second' });
    expect(deps.policy.current().terms?.texts[0]?.text).toBe('# Second');
    expect(await readdir(folder())).toEqual(expect.arrayContaining([policy.document.portal.terms]));
  });

  test('are not looked for where a path leads out of the folder', async () => {
    const outside = join(folder(), '..', `${basename(folder())}.md`);
    await writeFile(outside, '# Outside');
    try {
      const leadsOut = edit(['portal', 'terms'], `../${basename(outside)}`);
      await savePolicy(deps, accessFor(deps), { ...aProposal(deps, leadsOut), terms: '# Outside' });
      expect(deps.policy.current().policy.document.portal.terms).toMatch(/^terms-[0-9a-f]{8}\.md$/);
    } finally {
      await rm(outside);
    }
  });

  test('that are the present ones change nothing', async () => {
    await savePolicy(deps, accessFor(deps), { ...aProposal(deps), terms: '# Terms' });
    const { hash } = deps.policy.current();
    await savePolicy(deps, accessFor(deps), { ...aProposal(deps), terms: '# Terms' });
    expect(deps.policy.current().hash).toBe(hash);
  });

  test('of a version are written again where their file has gone or was changed', async () => {
    await savePolicy(deps, accessFor(deps), { ...aProposal(deps), terms: '# Old' });
    const old = deps.policy.current();
    const file = join(folder(), old.terms?.texts[0]?.file ?? '');
    await savePolicy(deps, accessFor(deps), aProposal(deps, edit(['portal', 'terms'], undefined)));
    await rm(file);
    await savePolicy(deps, accessFor(deps), {
      base: deps.policy.current().hash,
      text: old.text,
      terms: '# Old',
    });
    expect(deps.policy.current()).toMatchObject({ hash: old.hash, terms: { texts: [{ text: '# Old' }] } });
    await savePolicy(deps, accessFor(deps), aProposal(deps, edit(['portal', 'terms'], undefined)));
    await writeFile(file, '# Changed by hand');
    await savePolicy(deps, accessFor(deps), {
      base: deps.policy.current().hash,
      text: old.text,
      terms: '# Old',
    });
    expect(deps.policy.current().terms?.texts[0]?.text).toBe('# Old');
    expect(await readFile(file, 'utf8')).toBe('# Changed by hand');
  });

  describe('in several languages', () => {
    const BOTH = { en: '# Terms\r\n', sv: '# Villkor\r\n' };
    const shown = () =>
      Object.fromEntries(
        deps.policy
          .current()
          .terms?.texts.map(({ language, text }): [string, string] => [String(language), text]) ?? [],
      );

    test('have a file each, and only the one that is new is written anew', async () => {
      await savePolicy(deps, accessFor(deps), { ...aProposal(deps), terms: BOTH });
      expect(shown()).toEqual({ en: '# Terms\n', sv: '# Villkor\n' });
      const first = deps.policy.current().policy.document.portal.terms;
      expect(first).toEqual({
        en: expect.stringMatching(/^terms-\w{8}\.md$/) as string,
        sv: expect.stringMatching(/^terms-\w{8}\.md$/) as string,
      });
      await savePolicy(deps, accessFor(deps), {
        ...aProposal(deps),
        terms: { ...BOTH, sv: '# Nya villkor' },
      });
      const second = deps.policy.current().policy.document.portal.terms;
      expect(second).toMatchObject({ en: (first as Record<string, string>).en });
      expect(second).not.toEqual(first);
    });

    test('that are the present ones change nothing, in any order', async () => {
      await savePolicy(deps, accessFor(deps), { ...aProposal(deps), terms: BOTH });
      const { hash } = deps.policy.current();
      const turned = { sv: BOTH.sv, en: BOTH.en };
      await savePolicy(deps, accessFor(deps), { ...aProposal(deps), terms: turned });
      expect(deps.policy.current().hash).toBe(hash);
    });

    test('of a version come back with it', async () => {
      await savePolicy(deps, accessFor(deps), { ...aProposal(deps), terms: BOTH });
      const old = deps.policy.current();
      const [version] = (await listVersions(deps, { limit: 1, offset: 0 })).versions;
      const id = version?.id ?? '';
      await savePolicy(deps, accessFor(deps), { ...aProposal(deps), terms: 'One for all' });
      expect(shown()).toEqual({ null: 'One for all' });
      await rm(join(folder(), old.terms?.texts[1]?.file ?? ''));
      const texts = await findVersionTexts(deps, id);
      expect(texts?.terms).toEqual({ en: '# Terms\n', sv: '# Villkor\n' });
      await savePolicy(deps, accessFor(deps), { base: deps.policy.current().hash, text: '', ...texts });
      expect(deps.policy.current().hash).toBe(old.hash);
      expect(shown()).toEqual({ en: '# Terms\n', sv: '# Villkor\n' });
    });

    test('differ line by line, each below its language', async () => {
      await savePolicy(deps, accessFor(deps), { ...aProposal(deps), terms: BOTH });
      const proposal = { ...aProposal(deps), terms: { ...BOTH, sv: '# Nya villkor' } };
      const preview = await previewPolicy(deps, accessFor(deps), proposal);
      expect(preview?.terms?.lines).toEqual(
        expect.arrayContaining([
          { kind: 'same', text: 'sv:' },
          { kind: 'del', text: '# Villkor' },
          { kind: 'ins', text: '# Nya villkor' },
        ]),
      );
    });
  });
});

test('nobody can be locked out by a policy: rights of admins come from their roles alone', async () => {
  const text = JSON.stringify(aPolicy({ partners: [], groups: {}, apps: {}, deny: {} }));
  await savePolicy(deps, accessFor(deps), { base: deps.policy.current().hash, text });
  expect(accessFor(deps).rights).toContain('policy.write');
});

test('line ends of a browser do not change a file of another kind', async () => {
  await changeOnDisk(JSON.stringify(aPolicy({ partners: [aPartner()] }), null, 2));
  const base = deps.policy.current();
  const text = base.text.replace('"Fabrikam"', '"F"').replaceAll('\n', '\r\n');
  await savePolicy(deps, accessFor(deps), { base: base.hash, text });
  expect(await onDisk()).toBe(base.text.replace('"Fabrikam"', '"F"'));
});
