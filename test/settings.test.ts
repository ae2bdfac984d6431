import { databaseSignIn, signInFault } from '../src/settings.js';
import { ConfigError, loadConfig, loadStoreConfig } from '../src/config.js';

const IDENTITY = { IDENTITY_ENDPOINT: 'http://169.254.1.1/msi/token', IDENTITY_HEADER: 'header' };
const at = (url: string) => ({ ...IDENTITY, DATABASE_URL: url });
const AZURE = 'postgres://portal@db.contoso.com/portal?sslmode=verify-full';

test.each([
  ['no password', AZURE, 'managedIdentity'],
  ['a password', 'postgres://portal:p@db.contoso.com/portal', 'url'],
  ['a password among the parameters', 'postgres://portal@db.contoso.com/portal?password=p', 'url'],
])('with %s and an identity, %s is signed in by %s', (_name, url, expected) => {
  expect(databaseSignIn(at(url))).toBe(expected);
  expect(databaseSignIn({ DATABASE_URL: url })).toBe('url');
});

test.each([
  [AZURE],
  [`${AZURE}&sslrootcert=/etc/ca.pem`],
  ['postgres://portal@localhost/portal'],
  ['postgres://portal@[::1]:5433/portal?sslmode=disable'],
  ['postgres://portal:p@db.contoso.com/portal?sslmode=require&host=other'],
])('an identity may have %s', (url) => {
  expect(signInFault(at(url))).toBeNull();
});

test.each([
  ['postgres://db.contoso.com/portal?sslmode=verify-full', /the name that/],
  ['postgres://portal@db.contoso.com/portal', /needs sslmode/],
  ['postgres://portal@db.contoso.com/portal?sslmode=require', /needs sslmode/],
  ['postgres://portal@localhost.contoso.com/portal', /needs sslmode/],
  ['postgres://portal@localhost/portal?sslmode=no-verify', /needs sslmode/],
  // What the driver would go by.
  ['postgres://portal@localhost/portal?host=db.contoso.com', /only sslmode and sslrootcert/],
  [`${AZURE}&sslmode=no-verify`, /each once/],
  [`${AZURE}&ssl=0`, /only sslmode and sslrootcert/],
  [`${AZURE}&uselibpqcompat=true`, /only sslmode and sslrootcert/],
])('an identity may not have %s', (url, expected) => {
  expect(signInFault(at(url))).toMatch(expected);
  expect(() => loadStoreConfig(at(url))).toThrow(ConfigError);
});

test('the portal and its commands hear of the same identity', () => {
  const guid = '8a1f5c4e-6f0b-4d8e-9a53-0f2c7d9b1e10';
  const required = { TENANT_ID: guid, CLIENT_ID: guid, CLIENT_SECRET: 'secret' };
  const expected = {
    databaseSignIn: 'managedIdentity',
    managedIdentity: { endpoint: IDENTITY.IDENTITY_ENDPOINT, header: 'header' },
  };
  expect(loadConfig({ ...required, ...at(AZURE) })).toMatchObject(expected);
  expect(loadStoreConfig(at(AZURE))).toMatchObject(expected);
  expect(loadStoreConfig({ DATABASE_URL: AZURE })).toMatchObject({
    databaseSignIn: 'url',
    managedIdentity: null,
  });
});
