import { codeOf } from '../codeOf.js';
import type { LoadedPolicy } from './policyReading.js';
import { replaceFile, writable, type Writable } from './replaceFile.js';
import { readTextFile } from './textFile.js';

/** The file is not what a change was made from: somebody else has changed it meanwhile. */
export class PolicyChanged extends Error {
  override readonly name = 'PolicyChanged';
}

/** The file cannot be replaced by the portal; `why` is a code for people's sentences. */
export class PolicyReadOnly extends Error {
  override readonly name = 'PolicyReadOnly';
  constructor(
    readonly why: (Writable & { ok: false })['why'],
    cause?: unknown,
  ) {
    super(`The policy file cannot be replaced: ${why}`, { cause });
  }
}

/** What the system answers where a look beforehand promised more. */
const REFUSALS: Record<string, PolicyReadOnly['why']> = {
  EACCES: 'folder',
  EPERM: 'folder',
  EROFS: 'folder',
  EBUSY: 'mounted',
};

/**
 * Replaces the policy file, provided that it still holds what `base` is the hash of. New terms are written first, under a name
 * of their own: the rename of the policy is what switches both.
 *
 * Comparing and renaming are two steps. Whoever writes the file in the moment between, with an editor or from another portal
 * that shares the file but not the store, is overwritten; the comparison is therefore repeated when only the rename is left.
 *
 * @returns why a power cut might still undo it, if so
 * @throws {PolicyChanged | PolicyReadOnly}
 * @throws Error of the file system, such as ENOSPC; the old policy stays in place, whole
 */
export async function savePolicyFile(
  path: string,
  judged: { loaded: LoadedPolicy; termsPath: string | null },
  base: string,
): Promise<{ unsynced: unknown }> {
  const look = async () => {
    const file = await readTextFile(path);
    if (!file.ok || file.hash !== base) throw new PolicyChanged('The policy file has been changed meanwhile');
  };
  await look();
  const allowed = await writable(path);
  if (!allowed.ok) throw new PolicyReadOnly(allowed.why);
  const { loaded, termsPath } = judged;
  try {
    const terms = termsPath === null ? null : await writeTerms(termsPath, loaded.terms);
    const file = await replaceFile(path, loaded.text, look);
    return { unsynced: file.unsynced ?? terms?.unsynced ?? null };
  } catch (error) {
    const why = REFUSALS[codeOf(error)];
    throw why ? new PolicyReadOnly(why, error) : error;
  }
}

async function writeTerms(path: string, terms: LoadedPolicy['terms']): Promise<{ unsynced: unknown } | null> {
  if (terms === null) return null;
  const there = await readTextFile(path);
  return there.ok && there.hash === terms.hash ? null : replaceFile(path, terms.text);
}
