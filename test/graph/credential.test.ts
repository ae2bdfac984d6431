import { createTokenSource } from '../../src/graph/credential.js';
import { startIdentityEndpoint, type IdentityEndpoint } from '../support/identityEndpoint.js';
import { waitFor } from '../support/waitFor.js';

const SETTINGS = {
  graphCredential: { kind: 'managedIdentity' },
  graphUrl: 'https://graph.microsoft.com',
  authorityUrl: 'https://login.microsoftonline.com',
  tenantId: '8a1f5c4e-6f0b-4d8e-9a53-0f2c7d9b1e10',
} as const;

let endpoint: IdentityEndpoint;
beforeEach(async () => {
  let issued = 0;
  endpoint = await startIdentityEndpoint((resource) => Promise.resolve(`${resource} ${(issued += 1)}`));
});
afterEach(() => endpoint.close());

const source = (graphUrl: string = SETTINGS.graphUrl) =>
  createTokenSource({ ...SETTINGS, graphUrl, managedIdentity: endpoint.identity });
const never = new AbortController().signal;

test('a managed identity is asked once for all calls of Graph, until Graph refuses its token', async () => {
  const tokens = source();
  const first = await tokens.token(never);
  const issued = Date.now();
  expect(await Promise.all([tokens.token(never), tokens.token(never)])).toEqual([first, first]);
  await waitFor('the token to be older than the pause between two calls', () => Date.now() > issued + 1_100);
  tokens.forget();
  expect(await tokens.token(never)).not.toBe(first);
  expect(endpoint.asked).toEqual([SETTINGS.graphUrl, SETTINGS.graphUrl]);
});

test('a token for the Graph of a national cloud is issued to that one', async () => {
  await source('https://graph.microsoft.us').token(never);
  await source('https://localhost:1').token(never);
  expect(endpoint.asked).toEqual(['https://graph.microsoft.us', 'https://graph.microsoft.com']);
});

test('where the identity gives no token, nobody is authenticated', async () => {
  endpoint.trouble = { status: 400, body: { message: 'No managed identity found' } };
  const expected = { kind: 'unauthenticated', processed: 'no' };
  await expect(source().token(never)).rejects.toMatchObject({
    ...expected,
    message: expect.stringContaining('No managed identity found') as string,
  });
  await expect(createTokenSource(SETTINGS).token(never)).rejects.toMatchObject(expected);
});
