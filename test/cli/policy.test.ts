import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
): Promise<{ code: number | null; out: string; err: string }> {
  const env = { ...process.env, POLICY_FILE: file ?? '' };
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
    /in order: 3 partners, 5 domain rules, 3 apps, 3 groups, terms of use\.\n$/,
    NOTHING,
    'a good file is counted',
  ],
  [
    ['check'],
    faulty,
    1,
    NOTHING,
    /^version: must be 1 .*\nunlisted: must be "deny" or "review" .*\n$/,
    'every fault is a line',
  ],
  [['check', faulty], undefined, 1, NOTHING, /^version: must be 1/, 'a file may be named'],
  [
    ['check', join(folder, 'none.json')],
    undefined,
    1,
    NOTHING,
    /^cannot be read: ENOENT/,
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
    /^version: must be 1/,
    'a faulty policy explains nothing',
  ],
  [['schema'], undefined, 0, /"title": "Partner sign-up policy"/, NOTHING, 'the schema'],
  [[], undefined, 64, NOTHING, /^Usage:/, 'no command'],
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

  it('explains as JSON for machines', async () => {
    const { code, out } = await policy(['explain', '--json', 'ana@litware.com']);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ ok: true, decision: { outcome: 'review', partner: 'litware' } });
  });
});
