import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { keepToken } from '../../src/entra/keptToken.js';
import { requestIdentityToken, IdentityFault } from '../../src/entra/managedIdentity.js';
import { startIdentityEndpoint, type IdentityEndpoint } from '../support/identityEndpoint.js';
import { waitFor } from '../support/waitFor.js';

const RESOURCE = 'https://ossrdbms-aad.database.windows.net';

let endpoint: IdentityEndpoint;
beforeEach(async () => {
  endpoint = await startIdentityEndpoint();
});
afterEach(() => endpoint.close());

const ask = () => requestIdentityToken(endpoint.identity, RESOURCE);
const faultOf = async (asking: Promise<unknown>): Promise<Error> => {
  const error: unknown = await asking.catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(IdentityFault);
  return error as Error;
};

describe('asking', () => {
  test('gives a token for whom it is asked, and when it ends', async () => {
    const { token, expiresAt } = await ask();
    expect(endpoint.accepts(token, RESOURCE)).toBe(true);
    expect(expiresAt).toBe(endpoint.endOf(token));
    expect(endpoint.asked).toEqual([RESOURCE]);
  });

  test.each([
    [
      'a refusal',
      { status: 400, body: { statusCode: 400, message: 'No managed identity found' } },
      /400: No/,
    ],
    ['an outage', { status: 503, body: '<h1>Service unavailable</h1>' }, /answered 503$/],
    ['a page', { status: 200, body: '<h1>Hello</h1>' }, /without a token/],
    ['no token', { status: 200, body: { expires_on: '2000000000' } }, /without a token/],
    ['no end', { status: 200, body: { access_token: 'a' } }, /without a token/],
  ])('%s is a fault that says what it is', async (_name, trouble, expected) => {
    endpoint.trouble = trouble;
    expect((await faultOf(ask())).message).toMatch(expected);
  });

  test('what may be part of a token is in no message', async () => {
    const token = 'x'.repeat(200);
    endpoint.trouble = { status: 500, body: { message: `cannot cache ${token}.${token}` } };
    const { message } = await faultOf(ask());
    expect(message).toMatch(/500: cannot cache ….…$/);
    endpoint.trouble = { status: 200, body: `{"access_token":"${token}"` };
    expect(JSON.stringify(await faultOf(ask()))).not.toContain('xxx');
  });

  test('the header is not carried on to where an answer points', async () => {
    let visits = 0;
    const other = createServer((_request, response) => {
      visits += 1;
      response.end('{}');
    }).listen(0, '127.0.0.1');
    await once(other, 'listening');
    const location = `http://127.0.0.1:${(other.address() as AddressInfo).port}/`;
    endpoint.trouble = { status: 307, body: '', headers: { location } };
    await faultOf(ask());
    other.close();
    expect(visits).toBe(0);
  });

  test('an endpoint that is not there is a fault', async () => {
    const gone = await startIdentityEndpoint();
    await gone.close();
    expect((await faultOf(requestIdentityToken(gone.identity, RESOURCE))).message).toMatch(/ECONNREFUSED$/);
    await faultOf(requestIdentityToken({ endpoint: 'not a URL', header: 'h' }, RESOURCE));
  });
});

describe('keeping', () => {
  test('many who ask at once, and all who come later, are served by one call', async () => {
    const tokens = keepToken(ask);
    const given = await Promise.all(Array.from({ length: 20 }, () => tokens.get()));
    given.push(await tokens.get());
    expect(new Set(given).size).toBe(1);
    expect(endpoint.asked).toHaveLength(1);
  });

  test('a token past half of its life is given out while it is renewed', async () => {
    endpoint.lifeSeconds = 4;
    const tokens = keepToken(ask);
    const first = await tokens.get();
    const half = (endpoint.endOf(first) + Date.now()) / 2;
    await waitFor('half of its life to pass', () => Date.now() > half);
    expect(await tokens.get()).toBe(first);
    const second = await waitFor('another token', async () => {
      const token = await tokens.get();
      return token !== first && token;
    });
    expect(Date.now()).toBeLessThan(endpoint.endOf(first) - 400);
    expect(endpoint.accepts(second, RESOURCE)).toBe(true);
    expect(endpoint.asked).toHaveLength(2);
  });

  test('an endpoint that is out of order is noticed when the token ends, told once, and not called in a hurry', async () => {
    endpoint.lifeSeconds = 3;
    const told: (string | null)[] = [];
    const tokens = keepToken(ask, (failure) => told.push(failure?.message ?? null));
    const first = await tokens.get();
    endpoint.trouble = { status: 500, body: {} };
    const failedAt = await waitFor('the token to end', () =>
      tokens.get().then(
        (token) => {
          expect(token).toBe(first);
          return null;
        },
        () => Date.now(),
      ),
    );
    // A tenth of its life before its end, since the server’s clock is another.
    expect(failedAt).toBeGreaterThan(endpoint.endOf(first) - 400);
    expect(failedAt).toBeLessThan(endpoint.endOf(first));
    const before = endpoint.asked.length;
    for (let time = 0; time < 50; time += 1) await faultOf(tokens.get());
    expect(endpoint.asked.length - before).toBeLessThanOrEqual(1);
    expect(told).toEqual(['The identity endpoint answered 500']);
    endpoint.trouble = null;
    await waitFor('a token', () => tokens.get().catch(() => null));
    expect(told).toEqual(['The identity endpoint answered 500', null]);
  });

  test('a token that was refused is dropped, unless it is so new that another would be the same', async () => {
    const tokens = keepToken(ask);
    const first = await tokens.get();
    expect(tokens.forget(first)).toBe(false);
    expect(await tokens.get()).toBe(first);
    await waitFor('it to be older', () => tokens.forget(first));
    const second = await tokens.get();
    expect(second).not.toBe(first);
    // Somebody else’s refusal that comes late does not cost the new one.
    expect(tokens.forget(first)).toBe(true);
    expect(await tokens.get()).toBe(second);
  });
});
