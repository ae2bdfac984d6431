import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { FINDINGS, finding, trouble, TROUBLES, type Check, type Trouble } from '../../src/doctor/finding.js';
import { describeFinding } from '../../src/doctor/describeFinding.js';
import { PERMISSIONS } from '../../src/graph/permissions.js';
import { loadLanguages } from '../../src/language.js';

const languages = loadLanguages();
const checks = Object.keys(FINDINGS) as Check[];
const all = checks.flatMap((check) => [
  ...Object.keys(FINDINGS[check]).map((code) => finding(check, code as never, values())),
  ...(Object.keys(TROUBLES) as Trouble[]).map((code) => trouble(check, code, values())),
]);

/** A value for every name that a sentence uses. */
function values(): Record<string, string | number> {
  const names = [
    'setting',
    'message',
    'url',
    'fault',
    'partner',
    'domain',
    'code',
    'permission',
    'organization',
    'ms',
  ];
  const more = [
    'seconds',
    'status',
    'name',
    'key',
    'id',
    'looked',
    'role',
    'date',
    'server',
    'version',
    'megabytes',
    'member',
  ];
  const rest = ['folder', 'minutes', 'names'];
  return {
    ...Object.fromEntries([...names, ...more, ...rest].map((name) => [name, `<${name}>`])),
    count: 2,
    purpose: 'invite',
  };
}

describe.each(languages.available)('%s', (language) => {
  const t = languages.translate(language);

  test.each(all.map((one) => [`${one.check}.${one.code}`, one] as const))(
    '%s has its sentence',
    (_name, found) => {
      const { title, text, advice } = describeFinding(t, found);
      for (const words of [title, text, ...(found.level === 'good' ? [] : [advice])]) {
        expect(words).toMatch(/\p{L}/u);
        expect(words).not.toContain('doctor.');
        expect(words).not.toContain('{{');
      }
      if (found.level === 'good') expect(advice).toBeNull();
    },
  );

  test.each(PERMISSIONS)('$name says what it is for', ({ name, purpose }) => {
    const { text } = describeFinding(t, finding('permissions', 'missing', { permission: name, purpose }));
    expect(text).toContain(name);
    expect(text).not.toContain('doctor.');
  });
});

test('every code is one that a check gives', () => {
  const sources = [
    ...filesBelow('src/doctor'),
    'src/cli/doctor.ts',
    'src/graph/apps.ts',
    'src/graph/groups.ts',
  ];
  const source = sources
    .filter((file) => !file.endsWith('finding.ts'))
    .map((file) => readFileSync(file, 'utf8'))
    .join('\n');
  const codes = [...checks.flatMap((check) => Object.keys(FINDINGS[check])), ...Object.keys(TROUBLES)];
  expect(codes.filter((code) => !source.includes(`'${code}'`))).toEqual([]);
});

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => join(folder, file));
}
