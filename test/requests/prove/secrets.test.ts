import { readFile } from 'node:fs/promises';
import { drawSecrets } from '../../../src/requests/prove/secrets.js';

test('6.5.3 codes are drawn evenly, by a generator for secrets', async () => {
  const drawn = Array.from({ length: 2_000 }, () => drawSecrets({ secrets: ['x'.repeat(32)] }, 'request'));
  for (const { code } of drawn) expect(code).toMatch(/^\d{6}$/);
  expect(new Set(drawn.map(({ link }) => link)).size).toBe(2_000);
  // Each first digit comes some 200 times; 120 is six standard deviations away.
  for (const digit of '0123456789') {
    expect(drawn.filter(({ code }) => code.startsWith(digit)).length).toBeGreaterThan(120);
  }
  expect(await readFile('src/requests/prove/secrets.ts', 'utf8')).not.toContain('Math.random');
});
