import { dirname, join } from 'node:path';
import { locateFaults } from '../policy/locateFaults.js';
import { compilePolicy, type Policy } from '../policy/policy.js';
import { reason, type FaultReason, type PolicyFault } from '../policy/policyFault.js';
import type { Partner } from '../policy/schema.js';
import { validatePolicy } from '../policy/validate.js';
import { readTextFile, type TextFile, type UnreadFile } from './textFile.js';

/** A policy in force. `hash` is the SHA-256 of `text` in hex; `terms` are the terms that partners accept, if any. */
export type LoadedPolicy = {
  policy: Policy;
  hash: string;
  text: string;
  loadedAt: Date;
  terms: { text: string; hash: string } | null;
};

/** Checks of a valid policy that need to know the portal's settings. */
export type PolicyCheck = (policy: Policy) => PolicyFault[];

/** The result of reading the files once; `contents` is equal for equal files, `file` is null when it could not be read. */
export type PolicyReading = {
  contents: string;
  file: { text: string; hash: string } | null;
  termsPath: string | null;
} & ({ kind: 'loaded'; loaded: LoadedPolicy } | { kind: 'refused'; faults: PolicyFault[] });

/** Reads and checks a policy file with its terms. Nothing in the files makes it throw. */
export async function readPolicy(path: string, check: PolicyCheck): Promise<PolicyReading> {
  const file = await readTextFile(path);
  if (file.ok) return readPolicyText(path, file, check);
  const faults = [{ path: '', ...unreadFault('file', file) }];
  return { contents: contentsOf(file, null), file: null, termsPath: null, kind: 'refused', faults };
}

/**
 * Reads and checks a text as if it were in the policy file at `path`.
 *
 * @param newTerms the new contents of the file that `portal.terms` names; by default its contents now
 */
export async function readPolicyText(
  path: string,
  file: TextFile & { ok: true },
  check: PolicyCheck,
  newTerms?: TextFile & { ok: true },
): Promise<PolicyReading> {
  const { text, hash } = file;
  const alone = { contents: contentsOf(file, null), file: { text, hash }, termsPath: null };
  const validated = await validatePolicy(text);
  if (!validated.ok) return { ...alone, kind: 'refused', faults: firstOf(validated.faults) };
  const policy = await compilePolicy(validated.document);
  // The schema makes sure that the name stays in the policy's folder. Symbolic links are followed, because mounted
  // configuration often consists of them.
  const name = policy.document.portal.terms;
  const termsPath = name === undefined ? null : join(dirname(path), name);
  const terms = termsPath === null ? null : (newTerms ?? (await readTextFile(termsPath)));
  const read = { ...alone, contents: contentsOf(file, terms), termsPath };
  const faults = [...termsFaults(terms), ...check(policy)];
  if (faults.length > 0)
    return { ...read, kind: 'refused', faults: firstOf(await locateFaults(text, faults)) };
  const acceptable = terms?.ok ? { text: terms.text, hash: terms.hash } : null;
  return { ...read, kind: 'loaded', loaded: { policy, hash, text, loadedAt: new Date(), terms: acceptable } };
}

/** Logs and pages must not grow with the mistakes in a file. */
const MOST_FAULTS = 20;

/** The first faults, and how many more there are. */
function firstOf(faults: PolicyFault[]): PolicyFault[] {
  if (faults.length <= MOST_FAULTS) return faults;
  const more = faults.length - MOST_FAULTS;
  return [...faults.slice(0, MOST_FAULTS), { path: '', ...reason('more', { count: more }) }];
}

/** Reads the files without checking them: shows whether they have changed since the last reading. */
export async function readContents(path: string, termsPath: string | null): Promise<string> {
  const file = await readTextFile(path);
  return contentsOf(file, termsPath === null ? null : await readTextFile(termsPath));
}

function contentsOf(...files: (TextFile | null)[]): string {
  return JSON.stringify(files.map((file) => file && (file.ok ? file.hash : file)));
}

function termsFaults(terms: TextFile | null): PolicyFault[] {
  return terms === null || terms.ok ? [] : [{ path: 'portal.terms', ...unreadFault('terms', terms) }];
}

function unreadFault(what: 'file' | 'terms', file: UnreadFile): FaultReason {
  return 'detail' in file
    ? reason(`${what}.${file.why}`, { detail: file.detail })
    : reason(`${what}.${file.why}`);
}

/** What a look at the file found; a file that could not be read has no hash. */
export type PolicyFileEvent =
  { kind: 'loaded'; hash: string } | { kind: 'refused'; hash: string | null; faults: PolicyFault[] };

/** Why a reading cannot be in force; empty when it can. */
export function faultsOf(reading: PolicyReading): PolicyFault[] {
  return reading.kind === 'loaded' ? [] : reading.faults;
}

export function eventOf(reading: PolicyReading): PolicyFileEvent {
  if (reading.kind === 'loaded') return { kind: 'loaded', hash: reading.loaded.hash };
  return { kind: 'refused', hash: reading.file?.hash ?? null, faults: reading.faults };
}

const ALL: readonly Partner['proof'][] = ['invitation', 'mailbox', 'tenant'];

/** The kinds of proof that this portal can take; for that of a mailbox it sends a mail of its own. */
export function possibleProofs(hasMailServer: boolean): readonly Partner['proof'][] {
  return hasMailServer ? ALL : ALL.filter((proof) => proof !== 'mailbox');
}

/** Refuses a policy that asks for a proof which this portal cannot take: nobody of that partner could ever sign up. */
export function proofFaults(hasMailServer: boolean): PolicyCheck {
  const possible = possibleProofs(hasMailServer);
  return ({ document }) =>
    document.partners.flatMap(({ proof }, index) =>
      possible.includes(proof) ? [] : [{ path: `partners[${index}].proof`, ...reason('needsMail') }],
    );
}
