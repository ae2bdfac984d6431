import { decide, type Applicant } from '../../policy/decide.js';
import type { Address } from '../../policy/address.js';
import type { Policy } from '../../policy/policy.js';
import { countPlacesOfPartner, lockPartner } from '../../store/places.js';
import type { Db, RecordedDecision } from '../../store/schema.js';

/** What made a form look as if a program had filled it in. */
export type Suspicion = 'honeypot' | 'tooFast';

/**
 * What the policy says of an applicant, and what is counted besides: who comes after a partner's last place, or looks like
 * a program, is not denied, but waits for an approver.
 *
 * @param trx a transaction, since places are counted in it
 */
export async function decideSubmission(
  trx: Db,
  policy: Policy,
  applicant: Applicant,
  suspicions: readonly Suspicion[],
): Promise<RecordedDecision> {
  const decision = decide(policy, applicant);
  const guards = suspicions.map((suspicion) => ({ code: `guard.${suspicion}` }));
  // There will be another decision after the proof; until then the guards are only noted.
  if (decision.outcome === 'prove') return { ...decision, reasons: [...decision.reasons, ...guards] };
  if (decision.outcome !== 'invite') return decision;
  const exceeded = await exceededLimit(trx, policy, decision.partner, applicant.address);
  const beside = [...(exceeded ? [{ code: `limit.${exceeded}` }] : []), ...guards];
  if (beside.length === 0) return decision;
  return { ...decision, outcome: 'review', reasons: [...decision.reasons, ...beside] };
}

/** The reasons of a recorded decision that do not come from the policy. */
export function countedBeside({ reasons }: RecordedDecision): { code: string }[] {
  return reasons.filter(({ code }) => code.startsWith('limit.') || code.startsWith('guard.'));
}

/** The suspicions that a decision has recorded. */
export function suspicionsOf({ reasons }: RecordedDecision): Suspicion[] {
  const all: readonly Suspicion[] = ['honeypot', 'tooFast'];
  return all.filter((suspicion) => reasons.some(({ code }) => code === `guard.${suspicion}`));
}

/**
 * Whether a partner's places are taken: `perDay` counts since midnight (UTC), `total` from the beginning. Both count people,
 * so that nobody uses up places by asking again, and a person keeps their place. Denied, lapsed and unproven requests do not
 * count. Partners without limits cost no query.
 *
 * @param trx a transaction: others who ask for the same partner wait until it ends, so that two cannot share the last place
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
