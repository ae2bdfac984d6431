import type { Deps } from '../../../deps.js';
import { accessIn } from '../../../http/guard.js';
import type { LoadedPolicy } from '../../../policyFile/policyReading.js';
import { findPolicyVersionByHash } from '../../../store/policyVersions.js';
import type { Response } from 'express';
import { same } from './fields.js';

type Json = Record<string, unknown>;

/** A valid policy as it was written: defaults that nobody wrote are not in it. */
export type WrittenPolicy = {
  portal: Json;
  groups?: Record<string, Json>;
  apps?: Record<string, Json>;
  partners: Json[];
  deny?: Json;
  unlisted?: string;
};

const read = new WeakMap<LoadedPolicy, WrittenPolicy>();

/** The policy in force as its file has it; with thousands of partners reading it again for each page would be felt. */
export function writtenPolicy(loaded: LoadedPolicy): WrittenPolicy {
  const known = read.get(loaded);
  if (known) return known;
  const written = parse(loaded.text);
  read.set(loaded, written);
  return written;
}

function parse(text: string): WrittenPolicy {
  return JSON.parse(text.replace(/^\uFEFF/, '')) as WrittenPolicy;
}

/** Whether whoever asks may change the policy here and now; `why` names the reason for people. */
export type Editing = { ok: true } | { ok: false; why: string };

export async function editing(deps: Deps, res: Response): Promise<Editing> {
  if (!accessIn(res).rights.has('policy.write')) return { ok: false, why: 'noRight' };
  // The newest file is not the one in force: what a form shows and what it would change are not the same.
  if (deps.policy.faults().length > 0) return { ok: false, why: 'faulty' };
  return deps.policy.writable();
}

/** What has become of an object since a form showed it. */
export type Since = { fresh: true } | { fresh: false; now: unknown };

/**
 * Compares an object of the policy in force with the one that a form was made from. Changes elsewhere in the policy do not
 * matter; a form of a version that is not known counts as outdated.
 *
 * @param base SHA-256 of the policy that the form was made from
 */
export async function since(
  deps: Deps,
  base: string,
  find: (policy: WrittenPolicy) => unknown,
): Promise<Since> {
  const current = deps.policy.current();
  if (base === current.hash) return { fresh: true };
  const now = find(writtenPolicy(current));
  const version = /^[0-9a-f]{64}$/.test(base)
    ? await findPolicyVersionByHash(deps.store.db, base)
    : undefined;
  if (version && same(find(parse(version.text)), now)) return { fresh: true };
  return { fresh: false, now };
}
