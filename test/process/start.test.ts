import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { createLog } from '../../src/log.js';
import { openStore } from '../../src/store/database.js';
import { aPartner, aPolicy } from '../support/aPolicy.js';
import { freePort } from '../support/freePort.js';
import { openSite, type Site } from './portalProcess.js';

let site: Site;

beforeAll(async () => {
  site = await openSite();
});
afterAll(() => site.close());

test('bad settings stop the start with one message that names each and shows no value', async () => {
  const { code, stdout, stderr } = await site.run({
    NODE_ENV: 'production',
    BASE_URL: '',
    SESSION_SECRET: 'hunter2',
    TENANT_ID: '',
    CLIENT_SECRET: '',
    SMTP_URL: 'http://user:hunter2@mail.fabrikam.com',
    MAIL_FROM: '',
    LOG_LEVEL: 'loud',
  });
  expect(code).toBe(1);
  expect(stdout).toBe('');
  expect(stderr.trimEnd().split('\n')).toEqual([
    "The portal can't start with these settings:",
    '  TENANT_ID: is required',
    '  CLIENT_SECRET: is required',
    '  SMTP_URL: must be an smtp:// or smtps:// URL',
    '  LOG_LEVEL: must be a pino log level',
    '  BASE_URL: is required in production',
    '  SESSION_SECRET: each secret needs at least 32 characters',
    '  MAIL_FROM: is required when SMTP_URL is set',
  ]);
});

test('a faulty policy file is refused at the start, each fault with its path', async () => {
  const policyFile = `${site.policyFile}.faulty`;
  await writeFile(
    policyFile,
    JSON.stringify(
      aPolicy({
        colour: 'blue',
        partners: [aPartner(), aPartner({ id: 'litware', domains: ['*.co.uk'], apps: ['sharepoint'] })],
      }),
    ),
  );
  const { code, stderr } = await site.run({ POLICY_FILE: policyFile });
  expect(code).toBe(1);
  expect(stderr).toContain(`The policy ${policyFile} cannot be used:`);
  expect(stderr).toContain('colour');
  expect(stderr).toContain('partners[1].domains[0]');
  expect(stderr).toContain('partners[1].apps[0]');
  expect(stderr).not.toMatch(/^\s+at /m);
});

test('of thousands of faults the first are named, and how many more there are', async () => {
  const policyFile = `${site.policyFile}.very-faulty`;
  const partners = Array.from({ length: 9_000 }, (_, n) =>
    aPartner({ id: `p${n}`, domains: ['not a domain'] }),
  );
  await writeFile(policyFile, JSON.stringify(aPolicy({ partners })));
  const { code, stderr } = await site.run({ POLICY_FILE: policyFile });
  expect(code).toBe(1);
  expect(stderr).toContain('partners[19].domains[0]');
  expect(stderr).not.toContain('partners[20].domains[0]');
  expect(stderr).toContain('8980 more errors follow');
  expect(stderr.length).toBeLessThan(5_000);
});

test('an embedded store that is not whole any more is refused by a sentence, and never replaced by an empty one', async () => {
  const dataDir = join(dirname(site.policyFile), 'once');
  await mkdir(dataDir);
  const made = await openStore({ databaseUrl: null, dataDir }, createLog('silent'));
  await made.close();
  await rm(join(dataDir, 'store', 'PG_VERSION'));
  const damaged = await site.run({ DATA_DIR: dataDir, DATABASE_URL: '' });
  expect(damaged).toMatchObject({ code: 1, stdout: '' });
  expect(damaged.stderr).toMatch(/The embedded store .*store is no longer complete\. Restore it/);
  await rm(join(dataDir, 'store'), { recursive: true });
  const gone = await site.run({ DATA_DIR: dataDir, DATABASE_URL: '' });
  expect(gone.stderr).toContain('no longer complete');
  await mkdir(join(dataDir, 'store'));
  await writeFile(join(dataDir, 'store', 'PG_VERSION'), '17');
  const unreadable = await site.run({ DATA_DIR: dataDir, DATABASE_URL: '' });
  expect(unreadable.stderr).toMatch(/^The embedded store .*store can't be read: /);
  expect(unreadable.stderr).not.toMatch(/^\s+at /m);
});

test('a policy that asks for proof of the mailbox is refused at the start where no mail server is set', async () => {
  const policyFile = `${site.policyFile}.proof`;
  await writeFile(policyFile, JSON.stringify(aPolicy({ partners: [aPartner({ proof: 'mailbox' })] })));
  const { code, stderr } = await site.run({ POLICY_FILE: policyFile, SMTP_URL: '' });
  expect(code).toBe(1);
  expect(stderr).toContain(`The policy ${policyFile} cannot be used:`);
  expect(stderr).toContain('partners[0].proof');
  expect(stderr).toContain('Choose another proof, or set SMTP_URL');
  expect(stderr).not.toMatch(/^\s+at /m);
});

test('a port that is taken is said in a sentence', async () => {
  const port = await freePort();
  const other = createServer().listen(port);
  await once(other, 'listening');
  const { code, stderr } = await site.run({ PORT: String(port) });
  other.close();
  expect(code).toBe(1);
  expect(stderr).toBe(`Port ${port} is in use by another process: stop it, or set PORT.\n`);
});

test('a database that cannot be reached is said in a sentence, without its password', async () => {
  const port = await freePort();
  const { code, stderr } = await site.run({
    DATABASE_URL: `postgres://portal:hunter2@127.0.0.1:${port}/portal`,
  });
  expect(code).toBe(1);
  expect(stderr).toBe(
    `The database in DATABASE_URL can't be reached: connect ECONNREFUSED 127.0.0.1:${port}\n`,
  );
});
