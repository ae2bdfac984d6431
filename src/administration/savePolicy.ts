import type { Access } from '../access/access.js';
import { personKey } from '../access/person.js';
import { codeOf } from '../codeOf.js';
import type { Deps } from '../deps.js';
import { forbidden, policyConflict, policyNotWritten, policyReadOnly, unavailable } from '../errors.js';
import { PolicyError, type PolicyFault } from '../policy/policyFault.js';
import type { PolicyReading } from '../policyFile/policyFile.js';
import { PolicyChanged, PolicyReadOnly } from '../policyFile/savePolicyFile.js';
import { insertAuditEvent } from '../store/auditEvents.js';
import {
  confirmPolicyVersion,
  deleteUnsavedPolicyVersion,
  insertPolicyVersion,
  lockPolicy,
} from '../store/policyVersions.js';
import { directoryFaults } from './directoryFaults.js';
import { draftPolicy, type PolicyProposal } from './draftPolicy.js';
import { recordPolicyInForce, savedAs, versionOf } from '../policyFile/policyHistory.js';

/** What a person says about a change; `restoredFrom` is the id of the version that they roll back to. */
export type PolicyNote = { comment?: string; restoredFrom?: string };

type Loaded = PolicyReading & { kind: 'loaded' };

/**
 * Puts a proposal into the policy file and in force, and keeps it as a version. Nothing is saved unless the file still is what
 * the proposal was made from; several portals on one store save in turn.
 *
 * Nobody can lock themselves out: rights come from app roles in Entra, and no policy gives or takes those.
 *
 * @returns the hash of the policy in force afterwards
 * @throws forbidden, policyConflict, policyReadOnly, policyNotWritten
 * @throws {PolicyError} with every fault of the proposal
 */
export async function savePolicy(
  deps: Deps,
  access: Access,
  proposal: PolicyProposal,
  note: PolicyNote = {},
): Promise<{ hash: string }> {
  if (!access.rights.has('policy.write')) throw forbidden();
  const { reading, current, differs } = await draftPolicy(deps, proposal);
  if (!differs) return { hash: current.hash };
  const loaded = await withoutFaults(deps, reading);
  await inTurn(() => replacePolicy(deps, access, loaded, proposal.base, note));
  deps.log.info({ policy: loaded.loaded.hash, person: personKey(access.person) }, 'policy saved');
  return { hash: loaded.loaded.hash };
}

let latest: Promise<unknown> = Promise.resolve();

/** One save at a time in this process: those who wait for the lock hold a connection each, which others need. */
function inTurn(save: () => Promise<void>): Promise<void> {
  const turn = latest.then(save);
  latest = turn.catch(() => undefined);
  return turn;
}

async function withoutFaults(deps: Deps, reading: PolicyReading): Promise<Loaded> {
  const faults: PolicyFault[] =
    reading.kind === 'loaded'
      ? (await directoryFaults(deps, reading.loaded)).faults
      : reading.kind === 'refused'
        ? reading.faults
        : [];
  if (reading.kind !== 'loaded' || faults.length > 0) throw new PolicyError(deps.config.policyFile, faults);
  return reading;
}

/**
 * The version is stored before the file is replaced and confirmed afterwards. Whoever is cut off in between leaves it
 * unconfirmed; at the next look at the file it is known whether it came to be, and who made it.
 */
async function replacePolicy(
  deps: Deps,
  { person }: Access,
  reading: Loaded,
  base: string,
  { comment, restoredFrom }: PolicyNote,
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
    // The file is replaced and in force: only the confirmation failed, and the version that was stored before waits for it.
    deps.log.error({ err: error, policy: hash }, 'policy saved, but not confirmed as a version yet');
    deps.policyHistory.note({ kind: 'loaded', hash });
  }
}

const LOCK_NOT_AVAILABLE = '55P03';

function toPublic(error: unknown): unknown {
  if (error instanceof PolicyChanged) return policyConflict();
  if (error instanceof PolicyReadOnly) return policyReadOnly();
  const code = codeOf(error);
  // Another portal has held the lock for longer than a save takes.
  if (code === LOCK_NOT_AVAILABLE) return unavailable();
  return ['ENOSPC', 'EDQUOT', 'EIO', 'ETIMEDOUT'].includes(code) ? policyNotWritten() : error;
}
