import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmdirSync } from 'node:fs';
import {
  chmod,
  chown,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { reason } from '../../src/policy/policyFault.js';
import { openPolicyFile, type PolicyFile } from '../../src/policyFile/policyFile.js';
import type { PolicyFileEvent } from '../../src/policyFile/policyReading.js';
import { replaceFile } from '../../src/policyFile/replaceFile.js';
import { aDocument, aPartner } from '../policy/aPolicy.js';

let folder: string;
let path: string;
let file: PolicyFile;
let events: PolicyFileEvent[];

const textOf = (id: string) => JSON.stringify(aDocument({ partners: [aPartner({ id })] }));

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'policy-save-'));
  path = join(folder, 'partners.json');
  await writeFile(path, textOf('first'), { mode: 0o640 });
  await chmod(path, 0o640);
  events = [];
  file = await openPolicyFile(path, { pollMs: 5, onChange: (event) => events.push(event) });
});

afterEach(async () => {
  file.close();
  await rm(folder, { recursive: true });
});

async function draftOf(text: string, terms?: Record<string, string>) {
  const reading = await file.readDraft(text, terms);
  if (reading.kind !== 'loaded') throw new Error(JSON.stringify(reading));
  return reading;
}

async function save(id: string, base = file.current().hash): Promise<void> {
  await file.save(await draftOf(textOf(id)), base);
}

describe('a saved policy', () => {
  it('is in the file and in force at once, and is no news to the poll', async () => {
    await save('second');
    expect(await readFile(path, 'utf8')).toBe(textOf('second'));
    expect(file.current().policy.partner('second')).toBeDefined();
    await file.reload();
    expect(events).toEqual([]);
  });

  it('keeps the mode of the file, and leaves nothing beside it', async () => {
    await save('second');
    expect((await stat(path)).mode & 0o777).toBe(0o640);
    expect(await readdir(folder)).toEqual(['partners.json']);
  });

  it('is never half there for whoever reads meanwhile', async () => {
    const reads: string[] = [];
    const saves = { ended: false };
    const reader = (async () => {
      while (!saves.ended) reads.push(await readFile(path, 'utf8'));
    })();
    for (let round = 0; round < 20; round++) await save(`round${round}`);
    saves.ended = true;
    await reader;
    expect(reads.length).toBeGreaterThan(20);
    for (const text of reads) expect(() => JSON.parse(text) as unknown).not.toThrow();
  });
});

describe('a save is refused', () => {
  it('when the file on disk is not what it was made from', async () => {
    const base = file.current().hash;
    const proposal = await draftOf(textOf('mine'));
    await writeFile(path, textOf('theirs'));
    await expect(file.save(proposal, base)).rejects.toMatchObject({ name: 'PolicyChanged' });
    expect(await readFile(path, 'utf8')).toBe(textOf('theirs'));
  });

  it('when the file changes in the last moment before it is replaced', async () => {
    await expect(
      replaceFile(path, textOf('mine'), async () => {
        await writeFile(path, textOf('theirs'));
        throw new Error('changed');
      }),
    ).rejects.toThrow('changed');
    expect(await readFile(path, 'utf8')).toBe(textOf('theirs'));
    expect(await readdir(folder)).toEqual(['partners.json']);
  });

  it('to all but one of 20 who began with the same policy', async () => {
    const base = file.current().hash;
    const outcomes = await Promise.allSettled(Array.from({ length: 20 }, (_, n) => save(`p${n}`, base)));
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ name: 'PolicyChanged' });
    }
    expect(await readFile(path, 'utf8')).toBe(file.current().text);
  });

  it('when the file is not there any more', async () => {
    const proposal = await draftOf(textOf('mine'));
    await rm(path);
    expect(await file.writable()).toEqual({ ok: false, why: 'missing' });
    await expect(file.save(proposal, file.current().hash)).rejects.toMatchObject({ name: 'PolicyChanged' });
    expect(await readdir(folder)).toEqual([]);
  });

  it('when the file is a link, as mounted configuration is', async () => {
    const data = join(folder, '..data');
    await mkdir(data);
    await writeFile(join(data, 'partners.json'), textOf('mounted'));
    const link = join(folder, 'mounted.json');
    await symlink(join('..data', 'partners.json'), link);
    const mounted = await openPolicyFile(link);
    mounted.close();
    expect(await mounted.writable()).toEqual({ ok: false, why: 'link' });
    const proposal = await draftOf(textOf('mine'));
    await expect(mounted.save(proposal, mounted.current().hash)).rejects.toMatchObject({ why: 'link' });
    expect((await lstat(link)).isSymbolicLink()).toBe(true);
    expect(await readFile(link, 'utf8')).toBe(textOf('mounted'));
  });
});

// Imports come before it, so a clone that only root can read serves too.
const BECOME_NOBODY = `
  if (process.getuid() === 0) {
    process.setgroups([]);
    process.setgid(65534);
    process.setuid(65534);
  }
`;

/** Runs a script as somebody without rights; returns what it prints as JSON. */
function asNobody(script: string): unknown {
  const { stdout, stderr } = spawnSync(
    process.execPath,
    ['--import', 'tsx', '--input-type=module', '-e', BECOME_NOBODY + script],
    { encoding: 'utf8' },
  );
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout);
}

const ATTEMPT = (path: string) => `
  import { openPolicyFile } from ${JSON.stringify(join(process.cwd(), 'src/policyFile/policyFile.ts'))};
  const file = await openPolicyFile(${JSON.stringify(path)});
  file.close();
  const draft = await file.readDraft(${JSON.stringify(textOf('mine'))});
  const saved = await file.save(draft, file.current().hash).then(() => 'saved', ({ name, why }) => name + ' ' + why);
  console.log(JSON.stringify({ writable: await file.writable(), saved }));
`;

describe('somebody without rights', () => {
  beforeEach(() => chmod(folder, 0o755));

  it.each([
    ['file', 0o777, 0o444],
    ['folder', 0o555, 0o666],
  ])('is told that the %s is write-protected', async (why, folderMode, fileMode) => {
    await chmod(path, fileMode);
    await chmod(folder, folderMode);
    expect(asNobody(ATTEMPT(path))).toEqual({ writable: { ok: false, why }, saved: `PolicyReadOnly ${why}` });
    expect(await readFile(path, 'utf8')).toBe(textOf('first'));
    await chmod(folder, 0o755);
  });

  it('saves where file and folder may be written', async () => {
    await chmod(path, 0o666);
    await chmod(folder, 0o777);
    expect(asNobody(ATTEMPT(path))).toEqual({ writable: { ok: true }, saved: 'saved' });
  });
});

test('a folder that cannot be synced makes a save uncertain, not undone', async () => {
  const own = join(folder, 'own');
  await mkdir(own);
  if (process.getuid?.() === 0) await chown(own, 65534, 65534);
  await chmod(folder, 0o755);
  // One who may write a folder but not read it can rename in it, and not open it afterwards.
  const outcome = asNobody(`
    import { chmod, readFile } from 'node:fs/promises';
    import { replaceFile } from ${JSON.stringify(join(process.cwd(), 'src/policyFile/replaceFile.ts'))};
    const { unsynced } = await replaceFile(
      ${JSON.stringify(join(own, 'partners.json'))}, 'new', () => chmod(${JSON.stringify(own)}, 0o300));
    await chmod(${JSON.stringify(own)}, 0o700);
    const text = await readFile(${JSON.stringify(join(own, 'partners.json'))}, 'utf8');
    console.log(JSON.stringify({ unsynced: unsynced.code, text }));
  `);
  expect(outcome).toEqual({ unsynced: 'EACCES', text: 'new' });
});

const mount = (...args: string[]) => execFileSync('mount', args, { stdio: 'pipe' });
const unmount = (target: string) => execFileSync('umount', [target]);

/** Only Linux knows these mounts, and only root may make them; elsewhere the tests show as skipped. */
const whereMountsMayBeMade = mayMount() ? it : it.skip;

function mayMount(): boolean {
  const target = mkdtempSync(join(tmpdir(), 'policy-mount-'));
  try {
    mount('-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', target);
    unmount(target);
    return true;
  } catch {
    return false;
  } finally {
    rmdirSync(target);
  }
}

describe('on a file system of its own', () => {
  let place: string;
  beforeEach(async () => {
    place = join(folder, 'place');
    await mkdir(place);
  });

  whereMountsMayBeMade('a full disk leaves the old policy whole and in force', async () => {
    mount('-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', place);
    try {
      const small = join(place, 'partners.json');
      await writeFile(small, textOf('first'));
      const there = await openPolicyFile(small);
      there.close();
      const domains = Array.from({ length: 9_000 }, (_, n) => `company${n}.com`);
      const large = await there.readDraft(JSON.stringify(aDocument({ partners: [aPartner({ domains })] })));
      if (large.kind !== 'loaded') throw new Error('The large policy is not good');
      await expect(there.save(large, there.current().hash)).rejects.toMatchObject({ code: 'ENOSPC' });
      expect(await readFile(small, 'utf8')).toBe(textOf('first'));
      expect(there.current().policy.partner('first')).toBeDefined();
      expect(await readdir(place)).toEqual(['partners.json']);
    } finally {
      unmount(place);
    }
  });

  whereMountsMayBeMade('a file that is mounted by itself is read-only', async () => {
    const target = join(place, 'a policy.json');
    await writeFile(target, '');
    mount('--bind', path, target);
    try {
      const mounted = await openPolicyFile(target);
      mounted.close();
      expect(await mounted.writable()).toEqual({ ok: false, why: 'mounted' });
    } finally {
      unmount(target);
    }
  });
});

describe('after a crash', () => {
  it('a draft that was left behind is harmless, and the next save takes old ones away', async () => {
    const old = join(folder, '.partners.json.0000.tmp');
    const fresh = join(folder, '.partners.json.1111.tmp');
    for (const draft of [old, fresh]) await writeFile(draft, '{ "half":');
    const hourAgo = new Date(Date.now() - 3_600_000);
    await utimes(old, hourAgo, hourAgo);
    await file.reload();
    expect(file.faults()).toEqual([]);
    await save('second');
    expect(await readdir(folder)).toEqual(['.partners.json.1111.tmp', 'partners.json']);
  });

  it('a process that is killed between draft and rename leaves the old policy', async () => {
    const script = `
      import { replaceFile } from ${JSON.stringify(join(process.cwd(), 'src/policyFile/replaceFile.ts'))};
      await replaceFile(${JSON.stringify(path)}, 'new', () => process.kill(process.pid, 'SIGKILL'));
    `;
    const { signal } = spawnSync(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script]);
    expect(signal).toBe('SIGKILL');
    expect(await readFile(path, 'utf8')).toBe(textOf('first'));
    expect(await readdir(folder)).toHaveLength(2);
    await save('second');
    expect(file.current().policy.partner('second')).toBeDefined();
  });
});

describe('new terms', () => {
  const withTerms = (terms: unknown) =>
    JSON.stringify(aDocument({ portal: { organization: 'W', contact: 'partners@woodgrove.com', terms } }));

  it('are checked with the policy and written before it', async () => {
    const text = withTerms('terms-0a1b2c3d.md');
    expect(await file.readDraft(text)).toMatchObject({ kind: 'refused', faults: [{ path: 'portal.terms' }] });
    await file.save(await draftOf(text, { 'terms-0a1b2c3d.md': '# Terms' }), file.current().hash);
    expect(await readFile(join(folder, 'terms-0a1b2c3d.md'), 'utf8')).toBe('# Terms');
    expect(file.current().terms).toMatchObject({ texts: [{ text: '# Terms' }] });
    await file.reload();
    expect(events).toEqual([]);
  });

  it('in several languages are all written', async () => {
    const text = withTerms({ en: 'terms-1.md', sv: 'terms-2.md' });
    await file.save(
      await draftOf(text, { 'terms-1.md': 'Be kind', 'terms-2.md': 'Var snäll' }),
      file.current().hash,
    );
    expect(await readFile(join(folder, 'terms-1.md'), 'utf8')).toBe('Be kind');
    expect(await readFile(join(folder, 'terms-2.md'), 'utf8')).toBe('Var snäll');
  });
});

test('reading a draft changes nothing, and makes every check of loading', async () => {
  const checked = await openPolicyFile(path, {
    check: () => [{ path: 'partners[0].proof', ...reason('needsMail') }],
  }).catch((error: unknown) => error);
  expect(checked).toMatchObject({ faults: [{ path: 'partners[0].proof', code: 'needsMail' }] });
  expect(await file.readDraft('{ "version": 2,\n}')).toMatchObject({
    kind: 'refused',
    faults: [{ line: 2 }],
  });
  expect(await readFile(path, 'utf8')).toBe(textOf('first'));
});
