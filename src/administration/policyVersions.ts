import type { Deps } from '../deps.js';
import { namesOf } from '../store/persons.js';
import {
  findPolicyVersion,
  findPolicyVersionBefore,
  latestPolicyVersion,
  listPolicyVersions,
  type PolicyVersion,
  type PolicyVersionSummary,
} from '../store/policyVersions.js';
import type { WrittenTexts } from '../policy/texts.js';
import { termsOfVersion } from '../policyFile/terms.js';
import { policyDifference, textsInForce, type PolicyDifference } from './previewPolicy.js';

type Needed = Pick<Deps, 'store' | 'policy'>;

/** A version with the name of its author; the key where the store has no name. */
export type NamedVersion = PolicyVersionSummary & { name: string };

/** The version that was in force last. */
export async function findLatestVersion({ store }: Pick<Deps, 'store'>): Promise<NamedVersion | null> {
  const latest = await latestPolicyVersion(store.db);
  return latest ? withName(store, latest) : null;
}

/** Versions, the newest first; `more` tells whether there are any beyond these. */
export async function listVersions(
  { store }: Pick<Deps, 'store'>,
  { limit, offset }: { limit: number; offset: number },
): Promise<{ versions: NamedVersion[]; more: boolean }> {
  const found = await listPolicyVersions(store.db, limit + 1, offset);
  const versions = found.slice(0, limit);
  const names = await namesOf(
    store.db,
    versions.map(({ author }) => author),
  );
  return {
    versions: versions.map((version) => ({ ...version, name: names.get(version.author) ?? version.author })),
    more: found.length > limit,
  };
}

export type ComparedVersion = {
  version: PolicyVersion & { name: string };
  /** The one before, and what differs from that; null for the first. */
  before: ({ id: string } & PolicyDifference) | null;
  /** What differs in the policy in force; null for the version in force. */
  now: PolicyDifference | null;
};

/** @param id digits */
export async function compareVersion({ store, policy }: Needed, id: string): Promise<ComparedVersion | null> {
  const version = await findPolicyVersion(store.db, id);
  if (!version) return null;
  const before = await findPolicyVersionBefore(store.db, version);
  const latest = await latestPolicyVersion(store.db);
  return {
    version: await withName(store, version),
    before: before ? { id: before.id, ...policyDifference(textsOf(before), textsOf(version)) } : null,
    now:
      latest?.id === version.id ? null : policyDifference(textsOf(version), textsInForce(policy.current())),
  };
}

/** The text and the terms of a version, to be proposed again. */
export async function findVersionTexts(
  { store }: Pick<Deps, 'store'>,
  id: string,
): Promise<{ text: string; terms?: WrittenTexts } | null> {
  const version = await findPolicyVersion(store.db, id);
  if (!version) return null;
  const { text, terms } = textsOf(version);
  return { text, ...(terms !== null && { terms }) };
}

const textsOf = (version: PolicyVersion) => ({ text: version.text, terms: termsOfVersion(version) });

async function withName<Version extends { author: string }>(
  { db }: Deps['store'],
  version: Version,
): Promise<Version & { name: string }> {
  const names = await namesOf(db, [version.author]);
  return { ...version, name: names.get(version.author) ?? version.author };
}
