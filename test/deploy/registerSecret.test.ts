import { aCloud, canRegister, type Run } from './aCloud.js';

const SITE_AND_VAULT = ['--site', 'portal', '--resource-group', 'rg', '--vault', 'portal-kv'];

let azure: Awaited<ReturnType<typeof aCloud>>;
afterEach(async () => {
  expect(azure.leftBehind()).toEqual([]);
  expect(azure.mistakes()).toEqual([]);
  await azure.remove();
});

const secrets = () => azure.application().passwordCredentials;
const kept = () => azure.cloud.vaults['portal-kv']?.secrets['client-secret'];
const addresses = ({ calls }: Run) => calls.map(({ argv }) => argv.join(' '));
const shown = ({ out, err, calls }: Run) => [out, err, ...calls.map(({ argv }) => argv.join(' '))].join('\n');

(canRegister ? describe : describe.skip)('the sign-in secret', () => {
  test('is made for a vault that has none, and is nowhere but in it', async () => {
    azure = await aCloud();
    const run = await azure.run(...SITE_AND_VAULT);
    expect(run).toMatchObject({ code: 0 });
    expect(secrets()).toHaveLength(1);
    expect(kept()).toEqual({
      value: `S3c~${String(secrets()[0]?.keyId)}`,
      expires: secrets()[0]?.endDateTime,
    });
    expect(shown(run)).not.toContain('S3c~');
    expect(azure.jqArguments()).not.toContain('S3c~');
    const days = (Date.parse(kept()?.expires ?? '') - Date.now()) / 86_400_000;
    expect(Math.round(days)).toBe(180);
  });

  test('is left alone where the vault has one, and made anew by --new-secret beside the old one', async () => {
    azure = await aCloud();
    await azure.run(...SITE_AND_VAULT);
    const first = kept();
    await azure.run(...SITE_AND_VAULT);
    expect(kept()).toEqual(first);

    const run = await azure.run(...SITE_AND_VAULT, '--new-secret', '--secret-days', '30');
    expect(secrets()).toHaveLength(2);
    expect(kept()?.value).toBe(`S3c~${String(secrets()[1]?.keyId)}`);
    expect(run.err).toMatch(/Portal sign-in, S3c…, expires on \d{4}-\d\d-\d\d/);
    expect(addresses(run).some((one) => one.includes('/config/configreferences/appsettings/refresh'))).toBe(
      true,
    );
    expect(run.err).toContain('az webapp restart --name portal --resource-group rg');
  });

  test('is shown once where it is asked for and there is no vault', async () => {
    azure = await aCloud();
    const run = await azure.run('--new-secret');
    expect(run.out).toMatch(/^CLIENT_SECRET=S3c~\S+$/m);
    expect(run.err).not.toContain('S3c~');
    expect(run.calls.some(({ argv }) => argv.join(' ').includes('S3c~'))).toBe(false);
    const again = await azure.run();
    expect(again.out).not.toContain('SECRET');
    expect(secrets()).toHaveLength(1);
  });

  test('names those that have ended', async () => {
    azure = await aCloud();
    await azure.run('--new-secret');
    Object.assign(secrets()[0] ?? {}, { endDateTime: '2026-01-31T00:00:00.1234567Z' });
    expect((await azure.run()).err).toContain('expired on 2026-01-31: remove it');
  });

  test('is not made for a vault that may not be read, and what to do is said', async () => {
    azure = await aCloud({ vaults: {} });
    const run = await azure.run(...SITE_AND_VAULT);
    expect(run.code).toBe(1);
    expect(run.calls.some(({ changes }) => changes)).toBe(false);
    expect(run.err).toContain('Key Vault Secrets Officer');
  });

  test('is taken back when the vault does not keep it', async () => {
    azure = await aCloud({ vaults: { 'portal-kv': { secrets: {}, readOnly: true } } });
    const run = await azure.run(...SITE_AND_VAULT);
    expect(run.code).toBe(1);
    expect(secrets()).toEqual([]);
    expect(run.err).toContain('Key Vault Secrets Officer');
    expect(shown(run)).not.toContain('S3c~');
  });
});
