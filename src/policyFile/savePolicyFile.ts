import { dirname, join } from 'node:path';
import { codeOf } from '../codeOf.js';
import type { LoadedPolicy } from './policyReading.js';
import { replaceFile, writable, type Writable } from './replaceFile.js';
import type { TermsText } from './terms.js';
import { readTextFile } from './textFile.js';

/** The file has changed since the draft was made from it. */
export class PolicyChanged extends Error {
  override readonly name = 'PolicyChanged';
}

/** The portal cannot replace the file; `why` is a code that pages put into words. */
export class PolicyReadOnly extends Error {
  override readonly name = 'PolicyReadOnly';
  constructor(
    readonly why: (Writable & { ok: false })['why'],
    cause?: unknown,
  ) {
    super(`The policy file cannot be replaced: ${why}`, { cause });
  }
}

/** The system's refusals although the check before promised more. */
const REFUSALS: Record<string, PolicyReadOnly['why']> = {
  EACCES: 'folder',
  EPERM: 'folder',
  EROFS: 'folder',
  EBUSY: 'mounted',
};

/**
 * Replaces the policy file if `base` is still its hash. New terms are written first, under a new name: the rename of the
 * policy switches both.
 *
 * Comparing and renaming are two steps. A change made between them, with an editor or by another portal that shares the file
 * but not the store, would be overwritten, so the comparison is repeated when only the rename is left.
 *
 * @returns why a power cut might still undo it, or null
 * @throws {PolicyChanged | PolicyReadOnly}
 * @throws Error of the file system, such as ENOSPC; the whole old policy stays in place
 */
export async function savePolicyFile(
  path: string,
  { loaded }: { loaded: LoadedPolicy },
  base: string,
): Promise<{ unsynced: unknown }> {
  const look = async () => {
    const file = await readTextFile(path);
    if (!file.ok || file.hash !== base) throw new PolicyChanged('The policy file has changed meanwhile');
  };
  await look();
  const allowed = await writable(path);
  if (!allowed.ok) throw new PolicyReadOnly(allowed.why);
  try {
    const unsynced: unknown[] = [];
    for (const terms of loaded.terms?.texts ?? []) {
      unsynced.push(await writeTerms(join(dirname(path), terms.file), terms));
    }
    const file = await replaceFile(path, loaded.text, look);
    return { unsynced: file.unsynced ?? unsynced.find((one) => one !== null) ?? null };
  } catch (error) {
    const why = REFUSALS[codeOf(error)];
    throw why ? new PolicyReadOnly(why, error) : error;
  }
}

async function writeTerms(path: string, terms: TermsText): Promise<unknown> {
  const there = await readTextFile(path);
  return there.ok && there.hash === terms.hash ? null : (await replaceFile(path, terms.text)).unsynced;
}
