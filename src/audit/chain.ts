import { createHash } from 'node:crypto';
import type { AuditRecord } from '../store/auditEvents.js';

// Format 1 of the chain:
//
//   digest(event) = SHA-256( UTF-8 of the JSON array [1, id, at, request_id, actor, action, detail], without spaces )
//   hash(1)       = SHA-256( GENESIS  ‖ 1   as 8 bytes, big-endian ‖ digest(first event sealed) )
//   hash(seq)     = SHA-256( hash(seq - 1) ‖ seq as 8 bytes, big-endian ‖ digest(event) )
//
// All members of the array but the format's number are strings (request_id may be null), as `AuditRecord` has them.

const FORMAT = 1;

/** The hash before the first seal. */
export const GENESIS = sha256(Buffer.from('partner sign-up portal, audit chain, format 1'));

/** The end of the chain at some moment. Noted outside the database, it shows later whether the trail was cut. */
export type Head = { seq: number; hash: Buffer };

/** Covers every column of an event, so that a change to any of them shows. */
export function digestOf({ id, at, requestId, actor, action, detail }: AuditRecord): Buffer {
  return sha256(Buffer.from(JSON.stringify([FORMAT, id, at, requestId, actor, action, detail])));
}

/** The hash of the seal `seq`, which covers everything sealed before it. */
export function hashOf(previous: Buffer, seq: number, digest: Buffer): Buffer {
  const position = Buffer.alloc(8);
  position.writeBigUInt64BE(BigInt(seq));
  return sha256(Buffer.concat([previous, position, digest]));
}

function sha256(bytes: Buffer): Buffer {
  return createHash('sha256').update(bytes).digest();
}

/** `<seq>:<64 hexadecimal digits>` */
export function formatHead({ seq, hash }: Head): string {
  return `${seq}:${hash.toString('hex')}`;
}

/** Reads what {@link formatHead} wrote; null for anything else. */
export function parseHead(text: string): Head | null {
  const [, seq, hash] = /^([1-9]\d{0,14}):([0-9a-f]{64})$/i.exec(text.trim()) ?? [];
  if (seq === undefined || hash === undefined) return null;
  return { seq: Number(seq), hash: Buffer.from(hash, 'hex') };
}
