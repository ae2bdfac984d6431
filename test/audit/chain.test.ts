import { createHash } from 'node:crypto';
import { digestOf, formatHead, GENESIS, hashOf, parseHead } from '../../src/audit/chain.js';
import type { AuditRecord } from '../../src/store/auditEvents.js';

const EVENT: AuditRecord = {
  id: '7',
  at: '2026-05-01T10:00:00.000001Z',
  requestId: null,
  actor: 'portal',
  action: 'request.provisioned',
  detail: '{"guestId": null}',
};

const sha256 = (bytes: Buffer | string) => createHash('sha256').update(bytes).digest();

test('a digest is SHA-256 of the format, and of every column, as a JSON array', () => {
  const text =
    '[1,"7","2026-05-01T10:00:00.000001Z",null,"portal","request.provisioned","{\\"guestId\\": null}"]';
  expect(digestOf(EVENT)).toEqual(sha256(text));
});

test.each<[keyof AuditRecord, string]>([
  ['id', '8'],
  ['at', '2026-05-01T10:00:00.000002Z'],
  ['requestId', '00000000-0000-4000-8000-000000000001'],
  ['actor', 'partner'],
  ['action', 'request.denied'],
  ['detail', '{"guestId":null}'],
])('another %s is another digest', (column, value) => {
  expect(digestOf({ ...EVENT, [column]: value })).not.toEqual(digestOf(EVENT));
});

test('a hash covers the one before, the place in eight bytes, and the digest', () => {
  const digest = digestOf(EVENT);
  const place = Buffer.from([0, 0, 0, 0, 0, 0, 1, 2]);
  expect(hashOf(GENESIS, 258, digest)).toEqual(sha256(Buffer.concat([GENESIS, place, digest])));
  expect(hashOf(GENESIS, 259, digest)).not.toEqual(hashOf(GENESIS, 258, digest));
});

// These must never change: somebody may check an export years later.
test('format 1 stays what it is', () => {
  expect(GENESIS.toString('hex')).toBe('e75f0322e8b39c0f0596cdd18c5b7bed54833977ca4a4d4e124e0701272f7cf1');
  expect(hashOf(GENESIS, 1, digestOf(EVENT)).toString('hex')).toBe(
    '6bb17aa38246532c885a00a1dbbdf6396617a5dfaee4148048bded04a4ec245a',
  );
});

test('a head is read back as it was written', () => {
  const head = { seq: 12, hash: digestOf(EVENT) };
  expect(parseHead(formatHead(head))).toEqual(head);
  expect(parseHead(` ${formatHead(head).toUpperCase()}\n`)).toEqual(head);
});

test.each(['', '12', '12:', ':ab', '0:' + 'a'.repeat(64), '1:' + 'a'.repeat(63), '1:' + 'g'.repeat(64)])(
  '%j is no head',
  (text) => {
    expect(parseHead(text)).toBeNull();
  },
);
