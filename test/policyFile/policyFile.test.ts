import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openPolicyFile, type PolicyFile } from '../../src/policyFile/policyFile.js';
import type { PolicyFileEvent } from '../../src/policyFile/policyReading.js';
import { reason, type PolicyFault } from '../../src/policy/policyFault.js';
import { PolicyError } from '../../src/policyFile/faultTexts.js';
import { aDocument, aPartner } from '../policy/aPolicy.js';

const opened: PolicyFile[] = [];
let folder: string;
let path: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'policy-'));
  path = join(folder, 'partners.json');
});

afterEach(async () => {
  for (const file of opened.splice(0)) file.close();
  await rm(folder, { recursive: true });
});

async function write(overrides: Record<string, unknown> = {}): Promise<string> {
  const text = JSON.stringify(aDocument(overrides));
  await writeFile(path, text);
  return text;
}

async function open(options: Parameters<typeof openPolicyFile>[1] = {}) {
  const events: PolicyFileEvent[] = [];
  const file = await openPolicyFile(path, { pollMs: 5, onChange: (event) => events.push(event), ...options });
  opened.push(file);
  return { file, events };
}

/** Waits for a fact; the test's own time limit ends a wait in vain. */
async function until(fact: () => boolean): Promise<void> {
  while (!fact()) await new Promise((resolve) => setTimeout(resolve, 5));
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const named = (id: string) => ({ partners: [aPartner({ id })] });
const withTerms = {
  portal: { organization: 'Woodgrove', contact: 'partners@woodgrove.com', terms: 'legal/terms.md' },
};

async function writeTerms(text: string): Promise<void> {
  await mkdir(join(folder, 'legal'), { recursive: true });
  await writeFile(join(folder, 'legal', 'terms.md'), text);
}

async function refusal(): Promise<PolicyError> {
  const error: unknown = await open().catch((reason: unknown) => reason);
  if (!(error instanceof PolicyError)) throw new Error('The policy was not refused');
  return error;
}

describe('a policy file at the start', () => {
  it('is loaded with its text and hash', async () => {
    const text = await write();
    const { file } = await open();
    expect(file.current()).toMatchObject({ text, hash: sha256(text), terms: null });
    expect(file.current().policy.partner('contoso')).toBeDefined();
    expect(file.faults()).toEqual([]);
  });

  it('is refused with every fault on a line of its own, each with its path', async () => {
    await write({ version: 2, unlisted: 'allow' });
    const { message, faults } = await refusal();
    expect(faults.map((fault) => fault.path)).toEqual(['version', 'unlisted']);
    expect(message.split('\n')).toEqual([
      `The policy ${path} cannot be used:`,
      expect.stringMatching(/^ {2}version: Write 1 as the version \(line 1, column \d+\)$/) as string,
      expect.stringMatching(/^ {2}unlisted: .*"deny", "review" \(line 1, column \d+\)$/) as string,
    ]);
  });

  it('is refused when it is not there', async () => {
    expect((await refusal()).faults).toMatchObject([
      { path: '', code: 'file.missing', values: { detail: expect.stringMatching(/ENOENT/) as string } },
    ]);
  });

  it('is refused when it is not UTF-8', async () => {
    await writeFile(path, Buffer.from([0xff, 0xfe, 0x7b, 0x00]));
    expect((await refusal()).faults).toMatchObject([{ path: '', code: 'file.notText' }]);
  });

  it('is refused when its terms are missing', async () => {
    await write(withTerms);
    expect((await refusal()).faults).toMatchObject([{ path: 'portal.terms', line: 1 }]);
  });

  it('is refused when a further check finds faults', async () => {
    await write();
    const check = (): PolicyFault[] => [
      { path: 'partners[0].groups[0]', ...reason('group.unknown', { key: 'staff' }) },
    ];
    await expect(open({ check })).rejects.toThrow(/partners\[0\]\.groups\[0\]: .*“staff”/);
  });
});

describe('a change of the policy file', () => {
  it('takes effect by itself, and is told', async () => {
    await write();
    const { file, events } = await open();
    const text = await write(named('fabrikam'));
    await until(() => file.current().hash === sha256(text));
    expect(file.current().policy.partner('fabrikam')).toBeDefined();
    expect(events).toEqual([{ kind: 'loaded', hash: sha256(text) }]);
  });

  it('takes effect when another file is renamed over it', async () => {
    await write();
    const { file } = await open();
    const text = JSON.stringify(aDocument(named('fabrikam')));
    await writeFile(`${path}.tmp`, text);
    await rename(`${path}.tmp`, path);
    await until(() => file.current().hash === sha256(text));
  });

  it('takes effect at once on reload', async () => {
    await write();
    const { file } = await open({ pollMs: 1_000_000 });
    const text = await write(named('fabrikam'));
    await file.reload();
    expect(file.current().hash).toBe(sha256(text));
  });

  it('16.5.3 that is faulty leaves the good policy in force, is told once, and its faults show until it is mended', async () => {
    const good = await write();
    const { file, events } = await open();
    await write({ unlisted: 'allow' });
    await until(() => events.length > 0);
    await file.reload();
    await file.reload();
    expect(file.current().hash).toBe(sha256(good));
    expect(file.faults()).toMatchObject([{ path: 'unlisted' }]);
    expect(events).toEqual([{ kind: 'refused', hash: file.newest()?.hash, faults: file.faults() }]);
    expect(file.newest()).not.toMatchObject({ hash: sha256(good) });
    await write();
    await until(() => file.faults().length === 0);
    expect(events.at(-1)).toEqual({ kind: 'loaded', hash: sha256(good) });
  });

  it('that is half written is taken when it is whole', async () => {
    await write();
    const { file, events } = await open();
    const text = JSON.stringify(aDocument(named('fabrikam')));
    await writeFile(path, text.slice(0, 100));
    await until(() => events.at(-1)?.kind === 'refused');
    expect(file.current().policy.partner('contoso')).toBeDefined();
    await writeFile(path, text);
    await until(() => file.current().hash === sha256(text));
  });

  it('that a further check refuses leaves the good policy in force', async () => {
    await write();
    const check: NonNullable<Parameters<typeof openPolicyFile>[1]>['check'] = (policy) =>
      policy.partner('fabrikam') ? [{ path: 'partners[0].proof', ...reason('needsMail') }] : [];
    const { file, events } = await open({ check });
    await write(named('fabrikam'));
    await until(() => events.length > 0);
    expect(file.faults()).toMatchObject([{ path: 'partners[0].proof', ...reason('needsMail') }]);
    expect(file.current().policy.partner('contoso')).toBeDefined();
  });

  it('that removes it keeps the good policy, and is told', async () => {
    const text = await write();
    const { file, events } = await open();
    await rm(path);
    await until(() => events.length > 0);
    expect(events).toMatchObject([{ kind: 'refused', hash: null, faults: [{ code: 'file.missing' }] }]);
    expect(file.current().hash).toBe(sha256(text));
    expect(file.faults()).toMatchObject([{ path: '', code: 'file.missing' }]);
  });

  it('takes effect when the times of both versions lie in the past', async () => {
    await write();
    await utimes(path, 1_000_000, 1_000_000);
    const { file } = await open();
    await file.reload();
    const text = JSON.stringify(aDocument(named('fabrikam')));
    await writeFile(`${path}.tmp`, text);
    await utimes(`${path}.tmp`, 1_000_000, 1_000_000);
    await rename(`${path}.tmp`, path);
    await until(() => file.current().hash === sha256(text));
  });

  it('is not one when only the time differs', async () => {
    await write();
    const { file, events } = await open({ pollMs: 1_000_000 });
    const before = file.current();
    await write();
    await file.reload();
    expect(file.current()).toBe(before);
    expect(events).toEqual([]);
  });

  it('is passed over after close', async () => {
    const text = await write();
    const { file, events } = await open();
    file.close();
    await write(named('fabrikam'));
    await file.reload();
    expect(file.current().hash).toBe(sha256(text));
    expect(events).toEqual([]);
  });
});

describe('the terms of use', () => {
  it('are loaded with the policy, and a change of theirs is a change of it', async () => {
    await writeTerms('Be kind.');
    await write(withTerms);
    const { file, events } = await open();
    const first = file.current();
    const hash = sha256('Be kind.');
    expect(first.terms).toEqual({
      texts: [{ language: null, file: 'legal/terms.md', text: 'Be kind.', hash }],
      hash,
    });
    await writeTerms('Be very kind.');
    await until(() => events.length > 0);
    expect(file.current()).toMatchObject({ hash: first.hash, terms: { texts: [{ text: 'Be very kind.' }] } });
  });

  it('that vanish leave the good policy in force, with the terms that it had', async () => {
    await writeTerms('Be kind.');
    await write(withTerms);
    const { file, events } = await open();
    await rm(join(folder, 'legal'), { recursive: true });
    await until(() => events.length > 0);
    expect(events).toMatchObject([{ kind: 'refused', faults: [{ path: 'portal.terms' }] }]);
    expect(file.current().terms).toMatchObject({ texts: [{ text: 'Be kind.' }] });
  });

  const inTwo = { portal: { ...withTerms.portal, terms: { en: 'legal/terms.md', sv: 'villkor.md' } } };
  const writeSwedish = (text: string) => writeFile(join(folder, 'villkor.md'), text);

  it('are loaded in every language, each with a hash of its own, and a change of any is one of the policy', async () => {
    await writeTerms('Be kind.');
    await writeSwedish('Var snäll.');
    await write(inTwo);
    const { file, events } = await open();
    const { terms } = file.current();
    expect(terms?.texts.map(({ language, text, hash }) => [language, text, hash])).toEqual([
      ['en', 'Be kind.', sha256('Be kind.')],
      ['sv', 'Var snäll.', sha256('Var snäll.')],
    ]);
    await writeSwedish('Var jättesnäll.');
    await until(() => events.length > 0);
    expect(file.current().terms?.texts[1]?.text).toBe('Var jättesnäll.');
    expect(file.current().terms?.hash).not.toBe(terms?.hash);
  });

  it('that lack a language, or are empty in one, are refused at that language', async () => {
    await writeTerms(' \n');
    await write(inTwo);
    expect((await refusal()).faults).toMatchObject([
      { path: 'portal.terms.en', code: 'terms.empty' },
      { path: 'portal.terms.sv', code: 'terms.missing' },
    ]);
  });
});

describe('a file of 10,000 partners', () => {
  // How long it takes is measured in bench/; that others get their turns meanwhile is a fact.
  it('lets others have their turns while it is loaded', async () => {
    const partners = Array.from({ length: 10_000 }, (_, index) =>
      aPartner({ id: `p${index}`, domains: [`p${index}.com`, `*.p${index}.com`] }),
    );
    await write({ partners });
    let turns = 0;
    let loading = true;
    const takeTurn = () => {
      turns++;
      if (loading) setImmediate(takeTurn);
    };
    setImmediate(takeTurn);
    const { file } = await open({ pollMs: 1_000_000 });
    loading = false;
    expect(file.current().policy.partner('p9999')).toBeDefined();
    expect(turns).toBeGreaterThan(20);
  });
});
