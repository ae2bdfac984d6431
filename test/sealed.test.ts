import { seal, unseal } from '../src/sealed.js';

const OLD = 'old-secret-0123456789-0123456789-0123';
const NEW = 'new-secret-0123456789-0123456789-0123';

test('a sealed text opens for its purpose, also after the secret was renewed', () => {
  const sealed = seal('123456', 'code of a', [OLD]);
  expect(unseal(sealed, 'code of a', [NEW, OLD])).toBe('123456');
});

test('it opens for no other purpose, under no other secret, and not when it was tampered with', () => {
  const sealed = seal('123456', 'code of a', [NEW]);
  expect(unseal(sealed, 'code of b', [NEW])).toBeNull();
  expect(unseal(sealed, 'refresh tokens', [NEW])).toBeNull();
  expect(unseal(sealed, 'code of a', [OLD])).toBeNull();
  const bytes = Buffer.from(sealed, 'base64url');
  bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
  expect(unseal(bytes.toString('base64url'), 'code of a', [NEW])).toBeNull();
  expect(unseal(`${sealed}<>`, 'code of a', [NEW])).toBeNull();
  expect(unseal('short', 'code of a', [NEW])).toBeNull();
});

test('the same text is sealed differently each time', () => {
  expect(seal('123456', 'code of a', [NEW])).not.toBe(seal('123456', 'code of a', [NEW]));
});
