import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { codeOf } from '../codeOf.js';

/** A file's text with the SHA-256 of its bytes in hex, or why it cannot be read. */
export type TextFile = { ok: true; text: string; hash: string } | UnreadFile;

/** `detail` is what the system says. */
export type UnreadFile =
  | { ok: false; why: 'notFile' | 'tooLarge' | 'notText' }
  | { ok: false; why: 'missing' | 'unreadable'; detail: string };

/** Enough for a policy of 50,000 partners; a larger file is a mistake. */
const MOST_BYTES = 16 * 1024 * 1024;

/** Reads a file of UTF-8 text: a regular file, since a device or a pipe may never end. */
export async function readTextFile(path: string): Promise<TextFile> {
  try {
    const found = await stat(path);
    if (!found.isFile()) return { ok: false, why: 'notFile' };
    if (found.size > MOST_BYTES) return { ok: false, why: 'tooLarge' };
    const bytes = await readFile(path);
    if (!isUtf8(bytes)) return { ok: false, why: 'notText' };
    return { ok: true, text: bytes.toString(), hash: createHash('sha256').update(bytes).digest('hex') };
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    return { ok: false, why: codeOf(error) === 'ENOENT' ? 'missing' : 'unreadable', detail };
  }
}

/** A text as it would be read from a file. */
export function asTextFile(text: string): TextFile & { ok: true } {
  return { ok: true, text, hash: createHash('sha256').update(text).digest('hex') };
}

// Some shares keep times only to two seconds: a file that has just changed can change again and look the same.
const SETTLED_MS = 3000;

/** What a file looks like from outside; undefined while it is too new to tell two changes apart. */
export async function fileStamp(path: string): Promise<string | undefined> {
  try {
    const { mtimeMs, size, ino } = await stat(path);
    return Date.now() - mtimeMs < SETTLED_MS ? undefined : `${mtimeMs} ${size} ${ino}`;
  } catch (error) {
    return String(error);
  }
}
