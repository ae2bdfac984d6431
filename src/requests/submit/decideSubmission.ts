import { lacksLicence } from '../../licences/standing.js';
import { decide, type Applicant } from '../../policy/decide.js';
import type { Address } from '../../policy/address.js';
import type { Policy } from '../../policy/policy.js';
import { countPlacesOfPartner, lockPartner } from '../../store/places.js';
import type { Db, RecordedDecision } from '../../store/schema.js';

const SUSPICIONS = ['honeypot', 'tooFast', 'name', 'company'] as const;

/** A sign that a program filled in the form, or an unusual name. */
export type Suspicion = (typeof SUSPICIONS)[number];

/**
 * Decides on an applicant by the policy, limits and guards. An applicant who comes after a partner's last place, or looks like a
 * program, waits for an approver.
 *
 * @param trx a transaction, in which the places are counted
 */
export async function decideSubmission(
  trx: Db,
  policy: Policy,
  applicant: Applicant,
  suspicions: readonly Suspicion[],
): Promise<RecordedDecision> {
  const decision = decide(policy, applicant);
  const guards = suspicions.map((suspicion) => ({ code: `guard.${suspicion}` }));
  // After the proof there is another decision; until then the suspicions are only recorded.
  if (decision.outcome === 'prove') return { ...decision, reasons: [...decision.reasons, ...guards] };
  if (decision.outcome !== 'invite') return decision;
  const exceeded = await exceededLimit(trx, policy, decision.partner, applicant.address);
  const lacking = await lacksLicence(trx, policy, decision.partner, applicant.address.canonical);
  const beside = [
    ...(exceeded ? [{ code: `limit.${exceeded}` }] : []),
    ...(lacking ? [{ code: 'limit.licences' }] : []),
    ...guards,
  ];
  if (beside.length === 0) return decision;
  return { ...decision, outcome: 'review', reasons: [...decision.reasons, ...beside] };
}

/** The reasons of a recorded decision that come from limits and guards. */
export function countedBeside({ reasons }: RecordedDecision): { code: string }[] {
  return reasons.filter(({ code }) => code.startsWith('limit.') || code.startsWith('guard.'));
}

/** The suspicions in a recorded decision. */
export function suspicionsOf({ reasons }: RecordedDecision): Suspicion[] {
  return SUSPICIONS.filter((suspicion) => reasons.some(({ code }) => code === `guard.${suspicion}`));
}

/**
 * The limit of a partner that is exceeded: `perDay` counts since midnight (UTC), `total` from the beginning. Both count people,
 * so that a person keeps their one place however often they sign up. Denied, lapsed and unproven requests do not count. Partners
 * without limits cost no query.
 *
 * @param trx a transaction: other sign-ups of the partner wait until it ends, so that two cannot take the last place
 */
async function exceededLimit(
  trx: Db,
  policy: Policy,
  partnerId: string | null,
  { canonical }: Address,
): Promise<'perDay' | 'total' | null> {
  if (partnerId === null) return null;
  const { perDay, total } = policy.partner(partnerId)?.limits ?? {};
  if (perDay === undefined && total === undefined) return null;
  await lockPartner(trx, partnerId);
  const others = await countPlacesOfPartner(
    trx,
    { partner: partnerId, address: canonical },
    total === undefined ? 'today' : 'total',
  );
  if (total !== undefined && others.total >= total) return 'total';
  if (perDay !== undefined && others.today >= perDay) return 'perDay';
  return null;
}
