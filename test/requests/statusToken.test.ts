import { randomUUID } from 'node:crypto';
import { statusToken, tokenOf } from '../../src/requests/statusToken.js';
import { hashToken } from '../../src/token.js';

const id = randomUUID();
const request = (secret: string) => ({ id, token_hash: hashToken(statusToken(secret, id)) });

test('a token has 128 bits and fits an address', () => {
  expect(Buffer.from(statusToken('secret', id), 'base64url')).toHaveLength(16);
  expect(statusToken('secret', id)).toMatch(/^[\w-]{22}$/);
});

test('it differs by request and by secret', () => {
  const tokens = [statusToken('one', id), statusToken('two', id), statusToken('one', randomUUID())];
  expect(new Set(tokens).size).toBe(3);
});

test('it is found again after the secret was rotated, as long as the old one is kept', () => {
  expect(tokenOf(['new', 'old'], request('old'))).toBe(statusToken('old', id));
  expect(tokenOf(['new'], request('old'))).toBeNull();
});
