import { type Access, personKey, type Person } from '../access/access.js';
import { codeOf } from '../codeOf.js';
import type { Deps } from '../deps.js';
import { forbidden, policyConflict, policyNotWritten, policyReadOnly, unavailable } from '../errors.js';
import { PolicyError } from '../policyFile/faultTexts.js';
import type { PolicyReading } from '../policyFile/policyReading.js';
import { PolicyChanged, PolicyReadOnly } from '../policyFile/savePolicyFile.js';
import { insertAuditEvent } from '../store/auditEvents.js';
import {
  confirmPolicyVersion,
  deleteUnsavedPolicyVersion,
  insertPolicyVersion,
  lockPolicy,
} from '../store/policyVersions.js';
import { findDirectoryFaults } from './directoryFaults.js';
import { draftPolicy, type PolicyProposal } from './draftPolicy.js';
import { recordPolicyInForce, savedAs, versionOf } from '../policyFile/policyHistory.js';

/** What a person notes about a change; `restoredFrom` is the id of the version that they roll back to. */
export type PolicyNote = { comment?: string; restoredFrom?: string };

type Loaded = PolicyReading & { kind: 'loaded' };

/**
 * Writes a proposal into the policy file, puts it in force and keeps it as a version, provided that the file still is what the
 * proposal was made from. Several instances on one store save in turn.
 *
 * No policy can lock an admin out: rights come from app roles in Entra.
 *
 * @returns the hash of the policy in force afterwards
 * @throws {PublicError} `forbidden`, `policyConflict`, `policyReadOnly`, `policyNotWritten`, `unavailable`
 * @throws {PolicyError} with every fault of the proposal
 */
export async function savePolicy(
  deps: Deps,
  access: Access,
  proposal: PolicyProposal,
  note: PolicyNote = {},
): Promise<{ hash: string }> {
  if (!access.rights.has('policy.write')) throw forbidden();
  const draft = await draftPolicy(deps, proposal);
  if (!draft) throw policyConflict();
  const { reading, current, differs } = draft;
  if (!differs) return { hash: current.hash };
  const loaded = await requireFaultless(deps, reading);
  await inTurn(() => replacePolicy(deps, access.person, { reading: loaded, base: proposal.base, ...note }));
  deps.log.info({ policy: loaded.loaded.hash, person: personKey(access.person) }, 'policy saved');
  return { hash: loaded.loaded.hash };
}

let latest: Promise<unknown> = Promise.resolve();

/** One save at a time in this process: each that waits for the lock would hold a connection, which others need. */
function inTurn(save: () => Promise<void>): Promise<void> {
  const turn = latest.then(save);
  latest = turn.catch(() => undefined);
  return turn;
}

async function requireFaultless(deps: Deps, reading: PolicyReading): Promise<Loaded> {
  const { faults } = reading.kind === 'loaded' ? await findDirectoryFaults(deps, reading.loaded) : reading;
  if (reading.kind !== 'loaded' || faults.length > 0) throw new PolicyError(deps.config.policyFile, faults);
  return reading;
}

/**
 * Stores the version before the file is replaced, and confirms it afterwards. A process that ends in between leaves it
 * unconfirmed; the next look at the file tells whether it was saved, and the version still names its author.
 */
async function replacePolicy(
  deps: Deps,
  person: Person,
  { reading, base, comment, restoredFrom }: PolicyNote & { reading: Loaded; base: string },
): Promise<void> {
  const { db } = deps.store;
  const author = personKey(person);
  const version = await insertPolicyVersion(db, {
    ...versionOf(reading.loaded, base),
    state: 'saving',
    author,
    comment: comment ?? null,
    restored_from: restoredFrom ?? null,
  });
  const { hash, terms } = reading.loaded;
  try {
    await db.transaction().execute(async (trx) => {
      await lockPolicy(trx);
      await recordPolicyInForce(trx, deps);
      const { unsynced } = await deps.policy.save(reading, base);
      if (unsynced !== null) {
        deps.log.warn({ err: unsynced, policy: hash }, 'policy saved, but a power cut might undo it');
      }
      await confirmPolicyVersion(trx, version);
      await insertAuditEvent(trx, {
        actor: author,
        action: savedAs(restoredFrom),
        detail: {
          version,
          policy: hash,
          previous: base,
          terms: terms?.hash ?? null,
          ...(restoredFrom !== undefined && { restoredFrom }),
        },
      });
    });
  } catch (error) {
    if (deps.policy.current() !== reading.loaded) {
      await deleteUnsavedPolicyVersion(db, version);
      throw toPublic(error);
    }
    // The file is replaced and in force. Only the confirmation has failed, and the history tries that again.
    deps.log.error({ err: error, policy: hash }, 'policy saved, but not confirmed as a version yet');
    deps.policyHistory.note({ kind: 'loaded', hash });
  }
}

const LOCK_NOT_AVAILABLE = '55P03';

function toPublic(error: unknown): unknown {
  if (error instanceof PolicyChanged) return policyConflict();
  if (error instanceof PolicyReadOnly) return policyReadOnly();
  const code = codeOf(error);
  // Another instance has held the lock for longer than a save takes.
  if (code === LOCK_NOT_AVAILABLE) return unavailable();
  return ['ENOSPC', 'EDQUOT', 'EIO', 'ETIMEDOUT'].includes(code) ? policyNotWritten() : error;
}
