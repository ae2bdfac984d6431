import { listIn, memberOf, parsedJson } from '../policy/rawJson.js';
import type { LoadedPolicy } from '../policyFile/policyReading.js';

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
