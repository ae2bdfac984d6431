import { admissionOf, type Admission } from './decision.js';
import { deepFreeze, grantsOf, NO_GRANTS, type Grants } from './grants.js';
import { indexLookAlikes, type FindLookAlike } from './lookAlikes/lookAlikes.js';
import { parseRule } from './rule.js';
import { RuleIndex } from './ruleIndex.js';
import type { Partner, PolicyDocument } from './schema.js';
import { eachInSlices } from './slices.js';

/** A validated document, indexed for decisions. Immutable: the document is frozen, and a changed file makes a new Policy. */
export type Policy = {
  readonly document: PolicyDocument;
  /** What follows from each rule of a partner, worked out once. */
  readonly listed: RuleIndex<Admission>;
  readonly denied: RuleIndex<null>;
  /** Which listed domain an unlisted one looks like. */
  readonly lookAlike: FindLookAlike<Admission>;
  /** The partner with this id, if there is one. */
  readonly partner: (id: string | null | undefined) => Partner | undefined;
  /** The name of a partner, or its id if it has left the policy; null for no partner. */
  readonly partnerName: (id: string | null) => string | null;
  /** What the people of the partner with this id get; nothing for an unknown id. */
  readonly grants: (id: string) => Grants;
};

/**
 * Indexes a validated document, in slices that keep the event loop free.
 *
 * @throws Error when the document did not come from `validatePolicy`: a bad rule or an unknown key is a mistake in the program
 */
export async function compilePolicy(document: PolicyDocument): Promise<Policy> {
  const partners = new Map<string, { partner: Partner; grants: Grants }>();
  const listed = new RuleIndex<Admission>();
  const denied = new RuleIndex<null>();
  await eachInSlices(document.deny.domains, (text) => {
    denied.add(validRule(text), null);
  });
  await eachInSlices(document.partners, (partner) => {
    const grants = deepFreeze(grantsOf(partner, document));
    partners.set(partner.id, { partner, grants });
    for (const text of partner.domains) {
      const rule = validRule(text);
      listed.add(rule, admissionOf(rule, partner, grants));
    }
  });
  const lookAlike = await indexLookAlikes(listed.domains());
  return Object.freeze({
    document: deepFreeze(document),
    listed,
    denied,
    lookAlike,
    partner: (id: string | null | undefined) => partners.get(id ?? '')?.partner,
    partnerName: (id: string | null) => partners.get(id ?? '')?.partner.name ?? id,
    grants: (id: string) => partners.get(id)?.grants ?? NO_GRANTS,
  });
}

function validRule(text: string) {
  const parsed = parseRule(text);
  if (!parsed.ok) throw new Error(`Not a validated policy: ${parsed.fault.code} of ${text}`);
  return parsed.rule;
}
