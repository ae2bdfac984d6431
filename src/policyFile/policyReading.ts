import { locateFaults } from '../policy/locateFaults.js';
import { compilePolicy, type Policy } from '../policy/policy.js';
import { reason, type PolicyFault } from '../policy/policyFault.js';
import type { Partner } from '../policy/schema.js';
import { validatePolicy } from '../policy/validate.js';
import { readTerms, termsFaults, termsOf, unreadFault, type Terms } from './terms.js';
import { readTextFile, type TextFile } from './textFile.js';

/** A policy in force. `hash` is the SHA-256 of `text` in hex; `terms` are the terms that partners accept, if any. */
export type LoadedPolicy = {
  policy: Policy;
  hash: string;
  text: string;
  loadedAt: Date;
  terms: Terms | null;
};

/** Checks of a valid policy that need to know the portal's settings. */
export type PolicyCheck = (policy: Policy) => PolicyFault[];

/** The result of reading the files once; `contents` is equal for equal files, `file` is null when it could not be read. */
export type PolicyReading = {
  contents: string;
  file: { text: string; hash: string } | null;
  termsPaths: string[];
} & ({ kind: 'loaded'; loaded: LoadedPolicy } | { kind: 'refused'; faults: PolicyFault[] });

/** Reads and checks a policy file with its terms. Nothing in the files makes it throw. */
export async function readPolicy(path: string, check: PolicyCheck): Promise<PolicyReading> {
  const file = await readTextFile(path);
  if (file.ok) return readPolicyText(path, file, check);
  const faults = [{ path: '', ...unreadFault('file', file) }];
  return { contents: contentsOf([file]), file: null, termsPaths: [], kind: 'refused', faults };
}

/**
 * Reads and checks a text as if it were in the policy file at `path`.
 *
 * @param newTerms new contents of files that `portal.terms` names, by their names; by default what stands in them now
 */
export async function readPolicyText(
  path: string,
  file: TextFile & { ok: true },
  check: PolicyCheck,
  newTerms?: Record<string, string>,
): Promise<PolicyReading> {
  const { text, hash } = file;
  const alone = { contents: contentsOf([file]), file: { text, hash }, termsPaths: [] };
  const validated = await validatePolicy(text);
  if (!validated.ok) return { ...alone, kind: 'refused', faults: firstOf(validated.faults) };
  const policy = await compilePolicy(validated.document);
  const terms = await readTerms(path, policy.document.portal.terms, newTerms);
  const contents = contentsOf([file, ...terms.map((one) => one.contents)]);
  const read = { ...alone, contents, termsPaths: terms.map((one) => one.path) };
  const faults = [...termsFaults(terms), ...check(policy)];
  if (faults.length > 0)
    return { ...read, kind: 'refused', faults: firstOf(await locateFaults(text, faults)) };
  const loaded = { policy, hash, text, loadedAt: new Date(), terms: termsOf(terms) };
  return { ...read, kind: 'loaded', loaded };
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
export async function readContents(path: string, termsPaths: readonly string[]): Promise<string> {
  return contentsOf(await Promise.all([path, ...termsPaths].map(readTextFile)));
}

function contentsOf(files: readonly TextFile[]): string {
  return JSON.stringify(files.map((file) => (file.ok ? file.hash : file)));
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
