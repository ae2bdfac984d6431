import { isDeepStrictEqual } from 'node:util';
import type { Access } from '../access/access.js';
import type { Deps } from '../deps.js';
import { policyReadOnly } from '../errors.js';
import type { PolicyEdit } from '../policy/editText.js';
import { childPath } from '../policy/jsonWalk.js';
import type { PolicyFault } from '../policy/policyFault.js';
import { listIn, memberOf, parsedJson } from '../policy/rawJson.js';
import type { WrittenTexts } from '../policy/texts.js';
import type { LoadedPolicy } from '../policyFile/policyReading.js';
import { writtenTerms } from '../policyFile/terms.js';
import { findPolicyVersionByHash } from '../store/policyVersions.js';
import type { PolicyProposal } from './draftPolicy.js';
import { previewPolicy, type PolicyPreview } from './previewPolicy.js';

/** A part of the policy with a form of its own. Without its id or key a partner, an app or a group is a new one. */
export type PolicyObject =
  | { section: 'partners' | 'apps' | 'groups'; key?: string }
  /** How the portal presents itself; and what holds for addresses of every partner and of none. */
  | { section: 'portal' | 'rules' };

/** Where an object stands in a document, or is to stand, and what stands there: undefined for nothing. */
type Found = { path: (string | number)[]; value: unknown };

/** @param document a valid policy, as it is written: defaults that nobody wrote are not in it */
export function findObject(document: unknown, object: PolicyObject): Found {
  switch (object.section) {
    case 'partners':
      return findPartner(listIn(document, 'partners'), object.key);
    case 'apps':
    case 'groups': {
      const { section, key = '' } = object;
      return { path: [section, key], value: memberOf(memberOf(document, section), key) };
    }
    case 'portal':
      return { path: ['portal'], value: memberOf(document, 'portal') };
    case 'rules':
      return {
        path: [],
        value: { deny: memberOf(document, 'deny'), unlisted: memberOf(document, 'unlisted') },
      };
  }
}

function findPartner(partners: unknown[], id: string | undefined): Found {
  const index = id === undefined ? -1 : partners.findIndex((partner) => memberOf(partner, 'id') === id);
  return { path: ['partners', index === -1 ? partners.length : index], value: partners[index] };
}

const documents = new WeakMap<LoadedPolicy, unknown>();

/** A policy as it is written. Kept, since reading thousands of partners again for each page would be felt. */
export function writtenPolicy(policy: LoadedPolicy): unknown {
  if (!documents.has(policy)) documents.set(policy, parsedJson(policy.text));
  return documents.get(policy);
}

/** A change of one object of the policy, as a person asks for it who saw an earlier state of it. */
export type ObjectChange = {
  object: PolicyObject;
  /** SHA-256 of the policy that the person saw; null for a new object, which nobody else can have changed. */
  base: string | null;
  /** The members to set, given the object as the policy has it now; undefined removes one, an empty path means the object. */
  edit: (written: unknown) => { path: readonly string[]; value: unknown }[];
  /** The terms of use in Markdown, undefined for none, with the SHA-256 of those that the person saw, '' for none. */
  terms?: { texts: WrittenTexts | undefined; base: string };
};

/** A fault of the policy, in whose values partners are named rather than counted; `place` is its path, written so too. */
type NamedFault = PolicyFault & { place: string };

/** Somebody else has changed the object or the terms meanwhile. */
export type ObjectConflict = {
  /**
   * The object as the policy has it now, undefined when it is gone, and as it was when the person began, null where that is not
   * known; null when nobody else has changed it.
   */
  object: { now: unknown; before: { value: unknown } | null } | null;
  /** The terms in force; null when the change leaves them alone. */
  terms: { now: WrittenTexts | undefined } | null;
};

export type ChangeOutcome =
  /** The policy holds this already. */
  | { kind: 'unchanged' }
  /** The policy's own check refuses it, or the directory does; `at` is the path of the object. */
  | { kind: 'faulty'; at: string; faults: NamedFault[] }
  | { kind: 'conflict'; conflict: ObjectConflict }
  /** It can be saved. */
  | { kind: 'proposal'; proposal: PolicyProposal; preview: PolicyPreview };

/** Whether a person may change the policy here and now; `why` names the reason for people. */
export type PolicyEditing = { ok: true } | { ok: false; why: string };

export async function checkEditing({ policy }: Pick<Deps, 'policy'>, access: Access): Promise<PolicyEditing> {
  if (!access.rights.has('policy.write')) return { ok: false, why: 'noRight' };
  // The forms show the policy in force, but a change would be made in the faulty file.
  if (policy.faults().length > 0) return { ok: false, why: 'faulty' };
  return policy.writable();
}

/**
 * Works out what a change would do to the policy in force, and saves nothing. Changes of other objects since `base` do not
 * matter.
 *
 * @throws {PublicError} `policyReadOnly`
 */
export async function changePolicy(deps: Deps, access: Access, change: ObjectChange): Promise<ChangeOutcome> {
  // The file may have been changed by hand a moment ago.
  await deps.policy.reload();
  if (!(await checkEditing(deps, access)).ok) throw policyReadOnly();
  const current = deps.policy.current();
  const document = writtenPolicy(current);
  const { path, value: written } = findObject(document, change.object);
  const terms = newTerms(deps, change);
  const conflict = await findConflict(deps, change, written, terms);
  if (conflict) return { kind: 'conflict', conflict };

  const edits: PolicyEdit[] = change
    .edit(written)
    .map((edit) => ({ path: [...path, ...edit.path], value: edit.value }));
  if (terms && terms.texts === undefined) edits.push({ path: ['portal', 'terms'], value: undefined });
  if (edits.length === 0 && !terms) return { kind: 'unchanged' };
  const proposal = { base: current.hash, edits, ...(terms?.texts !== undefined && { terms: terms.texts }) };

  const preview = await previewPolicy(deps, access, proposal);
  // Somebody has saved since the file was read above.
  if (!preview) return changePolicy(deps, access, change);
  if (preview.faults.length > 0) {
    const at = path.reduce<string>(childPath, '');
    const faults = preview.faults.map((fault) => nameFault(seenFrom(at, fault), document));
    return { kind: 'faulty', at, faults };
  }
  return preview.differs ? { kind: 'proposal', proposal, preview } : { kind: 'unchanged' };
}

/** The terms of a change if they differ from those in force; spaces around them do not count. */
function newTerms(deps: Deps, { terms }: ObjectChange): ObjectChange['terms'] {
  const isSame = isDeepStrictEqual(trimmed(terms?.texts), trimmed(termsInForce(deps)));
  return isSame ? undefined : terms;
}

function termsInForce({ policy }: Deps): WrittenTexts | undefined {
  const { terms } = policy.current();
  return terms ? writtenTerms(terms) : undefined;
}

function trimmed(texts: WrittenTexts | undefined): WrittenTexts | undefined {
  if (texts === undefined || typeof texts === 'string') return texts?.trim();
  return Object.fromEntries(Object.entries(texts).map(([language, text]) => [language, text.trim()]));
}

async function findConflict(
  deps: Deps,
  { object, base }: ObjectChange,
  written: unknown,
  terms: ObjectChange['terms'],
): Promise<ObjectConflict | null> {
  const inForce = deps.policy.current().terms;
  const termsChanged = terms !== undefined && terms.base !== (inForce?.hash ?? '');
  const before = base === null ? null : await objectBefore(deps, base, object);
  const objectChanged =
    base !== null && (written === undefined || !before || !isDeepStrictEqual(before.value, written));
  if (!objectChanged && !termsChanged) return null;
  return {
    object: objectChanged ? { now: written, before } : null,
    terms: terms ? { now: termsInForce(deps) } : null,
  };
}

/** What an object was in an earlier policy; null where the store does not know that policy. */
async function objectBefore(
  { policy, store }: Deps,
  base: string,
  object: PolicyObject,
): Promise<{ value: unknown } | null> {
  const current = policy.current();
  if (base === current.hash) return findObject(parsedJson(current.text), object);
  const version = /^[0-9a-f]{64}$/.test(base) ? await findPolicyVersionByHash(store.db, base) : undefined;
  return version ? findObject(parsedJson(version.text), object) : null;
}

/** Whether a path leads to an object or into it. */
export function isInside(object: string, path: string): boolean {
  return path === object || path.startsWith(`${object}.`) || path.startsWith(`${object}[`);
}

/** A rule that stands twice is reported at its second place. To a person who has just written the first, the second is the other. */
function seenFrom(object: string, fault: PolicyFault): PolicyFault {
  const { path, cause = '' } = fault;
  if (fault.code !== 'rule.twice' || isInside(object, path) || !isInside(object, cause)) return fault;
  return { ...fault, path: cause, cause: path, values: { ...fault.values, place: path } };
}

function nameFault(fault: PolicyFault, document: unknown): NamedFault {
  const partners = listIn(document, 'partners');
  const named = (path: string) => {
    const [, index] = /^partners\[(\d+)\]/.exec(path) ?? [];
    const name = memberOf(partners[Number(index)], 'name');
    return typeof name === 'string' ? name : path;
  };
  const { values } = fault;
  const place = 'place' in values ? { place: named(String(values.place)) } : {};
  return { ...fault, values: { ...values, ...place }, place: named(fault.path) } as NamedFault;
}
