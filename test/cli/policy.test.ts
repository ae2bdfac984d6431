import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { parseAddress } from '../../src/policy/address.js';
import { policyJsonSchema } from '../../src/policy/schema.js';
import { seedPolicyFile } from '../../src/policyFile/seedPolicyFile.js';
import { aDocument } from '../policy/aPolicy.js';
import { built } from '../support/built.js';

const root = new URL('../..', import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), 'policy-cli-'));
const faulty = join(folder, 'faulty.json');
writeFileSync(faulty, JSON.stringify(aDocument({ version: 2, unlisted: 'allow' })));

afterAll(() => {
  rmSync(folder, { recursive: true });
});

async function policy(
  args: string[],
  file?: string,
  settings: Record<string, string> = {},
): Promise<{ code: number | null; out: string; err: string }> {
  const env = { ...process.env, SMTP_URL: '', ...settings, POLICY_FILE: file ?? '' };
  const command = [await built('cli/policy'), ...args];
  const { status, stdout, stderr } = spawnSync(process.execPath, command, {
    cwd: root,
    env,
    encoding: 'utf8',
  });
  return { code: status, out: stdout, err: stderr };
}

type Case = [args: string[], file: string | undefined, code: number, out: RegExp, err: RegExp, fact: string];

const NOTHING = /^$/;
const CASES: Case[] = [
  [
    ['check'],
    undefined,
    0,
    /OK: 5 partners, 7 domain rules, 3 apps, 3 groups, terms of use \(en, sv, de\)\.\n/,
    NOTHING,
    'a good file is counted',
  ],
  [
    ['check'],
    faulty,
    1,
    NOTHING,
    /^version: Write 1 as the version .*\nunlisted: Write one of these here: "deny", "review" .*\n$/,
    'every fault is a line',
  ],
  [['check', faulty], undefined, 1, NOTHING, /^version: Write 1/, 'a file may be named'],
  [
    ['check', join(folder, 'none.json')],
    undefined,
    1,
    NOTHING,
    /^Put the policy file .*ENOENT/,
    'a missing file is a fault',
  ],
  [
    ['explain', 'ana@fabrikam.com'],
    undefined,
    0,
    /\(invite\)\n.*partner {2}fabrikam\n.*rule {5}fabrikam\.com\n[^]*CRM users[^]*app role[^]*matches subdomains only/,
    NOTHING,
    'partner, rule, grants, and why not the others',
  ],
  [
    ['explain', 'ana@gmail.com'],
    undefined,
    0,
    /\(deny\)[^]*deny: consumer/,
    NOTHING,
    'a denial is a decision too',
  ],
  [
    ['explain', 'ana+x@fabrikam.com'],
    undefined,
    2,
    /plus sign.* Try ana@fabrikam\.com\./,
    NOTHING,
    'a faulty address',
  ],
  [
    ['explain', 'ana@fabrikam.com'],
    faulty,
    1,
    NOTHING,
    /^version: Write 1/,
    'a faulty policy explains nothing',
  ],
  [['schema'], undefined, 0, /"title": "Partner sign-up policy"/, NOTHING, 'the schema'],
  [[], undefined, 64, NOTHING, /^Usage:/, 'no command'],
  [['init', 'it'], undefined, 64, NOTHING, /^Usage:/, 'init takes nothing'],
  [['explain'], undefined, 64, NOTHING, /^Usage:/, 'no address'],
  [['obey'], undefined, 64, NOTHING, /^Usage:/, 'an unknown command'],
];

describe('npm run policy --', () => {
  it.each(CASES)('%j with POLICY_FILE=%s exits %i', async (args, file, code, out, err) => {
    const result = await policy(args, file);
    expect(result).toEqual({
      code,
      out: expect.stringMatching(out) as string,
      err: expect.stringMatching(err) as string,
    });
  });

  it('says what the required proofs need: SMTP_URL where it is not set, and an open registration', async () => {
    const { code, out } = await policy(['check']);
    expect(code).toBe(0);
    expect(out).toContain(
      "wingtip requires proof of the mailbox: the portal doesn't start with this policy unless SMTP_URL is set.",
    );
    expect(out).toContain(
      'proseware requires a sign-in at the home tenant: the app registration must be open',
    );
    const set = await policy(['check'], undefined, { SMTP_URL: 'smtp://localhost:25' });
    expect(set.out).not.toContain('SMTP_URL');
    expect(set.out).toContain('proseware');
  });

  it('says nothing of proofs that no partner requires', async () => {
    const plain = join(folder, 'plain.json');
    writeFileSync(plain, JSON.stringify(aDocument()));
    expect((await policy(['check', plain])).out).toMatch(/^\S+ is OK: [^\n]*\n$/);
  });

  it('explains what follows a proof', async () => {
    const { out } = await policy(['explain', 'pia@proseware.com']);
    expect(out).toContain('pia@proseware.com: has to give proof first (prove)');
    expect(out).toContain('  then     invited immediately (invite)');
  });

  it('explains as JSON for machines', async () => {
    const { code, out } = await policy(['explain', '--json', 'ana@litware.com']);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ ok: true, decision: { outcome: 'review', partner: 'litware' } });
  });
});

describe('npm run policy -- init', () => {
  const starter = readFileSync(join(root, 'policies/starter.json'), 'utf8');
  let count = 0;
  const nowhereYet = () => join(folder, `init-${(count += 1)}`, 'policy', 'partners.json');

  it('writes a policy that lets nobody in, with the schema that it names, in a folder that it makes', async () => {
    const file = nowhereYet();
    const { code, out, err } = await policy(['init'], file);
    expect({ code, out, err }).toEqual({
      code: 0,
      out: `${file} was written. Nobody can sign up until you add partners, at /admin/partners or in the file.\n`,
      err: '',
    });
    expect(readFileSync(file, 'utf8')).toBe(starter);
    const schema = JSON.parse(readFileSync(join(file, '../policy.schema.json'), 'utf8')) as unknown;
    expect(schema).toEqual(policyJsonSchema());
    expect(readdirSync(join(file, '..')).sort()).toEqual(['partners.json', 'policy.schema.json']);
    expect((await policy(['check'], file)).out).toContain('is OK: 0 partners');
    for (const address of ['ana@fabrikam.com', 'ana@gmail.com']) {
      expect((await policy(['explain', address], file)).out).toContain('(deny)');
    }
  });

  it.each([
    ['a good one', JSON.stringify(aDocument())],
    ['a faulty one', '{'],
    ['an empty one', ''],
  ])('leaves a file that is there as it is: %s', async (_, contents) => {
    const file = join(folder, `there-${contents.length}.json`);
    writeFileSync(file, contents);
    const { code, out } = await policy(['init'], file);
    expect({ code, out }).toEqual({ code: 0, out: `${file} already exists and wasn't changed.\n` });
    expect(readFileSync(file, 'utf8')).toBe(contents);
  });

  it('leaves a link that leads nowhere, and a schema that is there', async () => {
    const link = join(folder, 'link.json');
    symlinkSync(join(folder, 'nothing.json'), link);
    expect((await policy(['init'], link)).out).toContain('already exists');

    const file = nowhereYet();
    mkdirSync(join(file, '..'), { recursive: true });
    writeFileSync(join(file, '../policy.schema.json'), '{}');
    await policy(['init'], file);
    expect(readFileSync(join(file, '../policy.schema.json'), 'utf8')).toBe('{}');
  });

  it('says what stands in the way, where it cannot write', async () => {
    const { code, out, err } = await policy(['init'], join(faulty, 'partners.json'));
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toMatch(/^\S+partners\.json can't be written: ENOTDIR[^\n]*\n$/);
  });

  it('writes once where six processes start together', async () => {
    const file = nowhereYet();
    const script = await built('cli/policy');
    const outs = await Promise.all(
      Array.from({ length: 6 }, async () => {
        const child = spawn(process.execPath, [script, 'init'], {
          env: { ...process.env, POLICY_FILE: file },
        });
        const [out] = await Promise.all([text(child.stdout), once(child, 'close')]);
        return { out, code: child.exitCode };
      }),
    );
    expect(outs.map(({ code }) => code)).toEqual([0, 0, 0, 0, 0, 0]);
    expect(outs.filter(({ out }) => out.includes('was written'))).toHaveLength(1);
    expect(readFileSync(file, 'utf8')).toBe(starter);
  });

  it('writes once, even when many start at the same moment', async () => {
    for (let round = 0; round < 20; round += 1) {
      const file = nowhereYet();
      const written = await Promise.all(Array.from({ length: 8 }, (_, i) => seedPolicyFile(file, `by ${i}`)));
      expect(written.filter(Boolean)).toHaveLength(1);
      expect(readFileSync(file, 'utf8')).toBe(`by ${written.indexOf(true)}`);
    }
  });

  it('goes on where a process was killed while it wrote', async () => {
    const file = nowhereYet();
    mkdirSync(join(file, '..', '.partners.json.init'), { recursive: true });
    const written = await Promise.all(
      Array.from({ length: 3 }, () => seedPolicyFile(file, starter, { waitMs: 200 })),
    );
    expect(written.filter(Boolean)).toHaveLength(1);
    expect(readdirSync(join(file, '..')).sort()).toEqual(['partners.json', 'policy.schema.json']);
  });
});

test('1.5.3 takes the addresses that the form takes', async () => {
  const vectors = JSON.parse(readFileSync(join(root, 'test/policy/addresses.vectors.json'), 'utf8')) as {
    cases: { address: string }[];
  };
  for (const { address } of vectors.cases.filter((_, index) => index % 6 === 0)) {
    const { out } = await policy(['explain', '--json', address]);
    expect(JSON.parse(out)).toMatchObject({ ok: parseAddress(address).ok });
  }
});
