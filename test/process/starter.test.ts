import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { built } from '../support/built.js';
import { openSite, type Site } from './portalProcess.js';

const folder = mkdtempSync(join(tmpdir(), 'starter-'));
const policyFile = join(folder, 'policy', 'partners.json');
let site: Site;

beforeAll(async () => {
  site = await openSite({ policyFile, smtp: false });
});
afterAll(async () => {
  await site.close();
  rmSync(folder, { recursive: true });
});

test('a new site has no policy, and says so', async () => {
  const { code, stderr } = await site.run({});
  expect(code).toBe(1);
  expect(stderr).toContain(`The policy ${policyFile} cannot be used:`);
});

test('after policy init it starts without a mail server, and turns everybody away', async () => {
  const env = { PATH: process.env.PATH, POLICY_FILE: policyFile };
  const { status } = spawnSync(process.execPath, [await built('cli/policy'), 'init'], { env });
  expect(status).toBe(0);
  const portal = await site.start();
  const visitor = portal.visitor();
  const { status: answered, headers } = await visitor.signUp({ email: 'ana@fabrikam.com' });
  expect(answered).toBe(303);
  expect(await visitor.status(headers.location ?? '')).toMatchObject({ status: 'denied' });
  await portal.end('SIGTERM');
});
