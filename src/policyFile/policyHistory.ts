import type { Log } from '../log.js';
import type { PolicyFile } from './policyFile.js';
import type { LoadedPolicy, PolicyFileEvent } from './policyReading.js';
import { storedTerms, writtenTerms } from './terms.js';
import { insertAuditEvent } from '../store/auditEvents.js';
import {
  confirmPolicyVersion,
  deleteAbandonedPolicyVersions,
  findUnconfirmedPolicyVersion,
  insertPolicyVersion,
  latestPolicyVersion,
  lockPolicy,
  type NewPolicyVersion,
} from '../store/policyVersions.js';
import type { Store } from '../store/database.js';
import type { Db } from '../store/schema.js';

type Needed = { policy: PolicyFile; store: Store; log: Log };

/** The audit action of a saved policy. */
export const savedAs = (restoredFrom: string | null | undefined) =>
  restoredFrom ? 'policy.rolledBack' : 'policy.saved';

/** What the store keeps of a policy, without its author. */
export function versionOf(
  { policy, hash, text, terms }: LoadedPolicy,
  previousHash: string | null,
): Omit<NewPolicyVersion, 'state' | 'author'> {
  const { partners, apps, groups } = policy.document;
  return {
    hash,
    text,
    terms: terms && storedTerms(writtenTerms(terms)),
    terms_hash: terms?.hash ?? null,
    previous_hash: previousHash,
    counts: JSON.stringify({
      partners: partners.length,
      apps: Object.keys(apps).length,
      groups: Object.keys(groups).length,
    }),
  };
}

/**
 * Makes the policy in force the newest version in the store, whether the file was written by a person whose save was cut off
 * before it was confirmed, or outside the portal (`file`). Call it under {@link lockPolicy}.
 */
export async function recordPolicyInForce(trx: Db, { policy }: Pick<Needed, 'policy'>): Promise<void> {
  // Another instance may have saved while this one waited: the file is newer than memory.
  await policy.reload();
  const loaded = policy.current();
  if (policy.newest()?.hash !== loaded.hash) return;
  const latest = await latestPolicyVersion(trx);
  const termsHash = loaded.terms?.hash ?? null;
  if (latest?.hash === loaded.hash && latest.terms_hash === termsHash) return;
  const previousHash = latest?.hash ?? null;
  const begun = await findUnconfirmedPolicyVersion(trx, { hash: loaded.hash, termsHash, previousHash });
  const author = begun?.author ?? 'file';
  const version =
    begun?.id ??
    (await insertPolicyVersion(trx, { ...versionOf(loaded, previousHash), state: 'saving', author }));
  await confirmPolicyVersion(trx, version);
  await insertAuditEvent(trx, {
    actor: begun ? author : 'portal',
    action: begun ? savedAs(begun.restored_from) : 'policy.loaded',
    detail: {
      version,
      policy: loaded.hash,
      previous: previousHash,
      terms: termsHash,
      ...(begun?.restored_from && { restoredFrom: begun.restored_from }),
    },
  });
}

export type PolicyHistory = {
  /** Records a change of the file; returns at once. When the store is down, a loaded policy is recorded once it is back. */
  note(event: PolicyFileEvent): void;
  /** Stops trying; resolves when the current recording has succeeded, or has failed and is in the log. */
  close(): Promise<void>;
};

/** How long it waits before it tries to record a policy again. */
const RETRY_MS = 5_000;

/** Keeps every policy that was in force and records each refused file. Begins with the policy in force now. */
export async function openPolicyHistory(deps: Needed, retryMs = RETRY_MS): Promise<PolicyHistory> {
  const { store, policy, log } = deps;
  const record = () =>
    store.db.transaction().execute(async (trx) => {
      await lockPolicy(trx);
      await recordPolicyInForce(trx, { policy });
    });
  await record();
  // Only now: the file may hold a version whose save was cut off long ago, and it would lose its author.
  await deleteAbandonedPolicyVersions(store.db);
  let work: Promise<void> = Promise.resolve();
  let again: NodeJS.Timeout | undefined;
  let closed = false;
  const note = (event: PolicyFileEvent) => {
    work = work
      .then(() => (event.kind === 'loaded' ? record() : recordRefusal(store.db, event)))
      .catch((error: unknown) => {
        log.error({ err: error }, 'a change of the policy file could not be recorded');
        if (event.kind !== 'loaded' || closed) return;
        // The next try records the policy that is in force then, so one is enough for all that failed.
        clearTimeout(again);
        again = setTimeout(note, retryMs, event).unref();
      });
  };
  return {
    note,
    async close() {
      closed = true;
      clearTimeout(again);
      await work;
    },
  };
}

async function recordRefusal(db: Db, event: PolicyFileEvent & { kind: 'refused' }): Promise<void> {
  const detail = event.hash === null ? { policy: null } : { policy: event.hash, faults: event.faults.length };
  await insertAuditEvent(db, { actor: 'portal', action: 'policy.refused', detail });
}
