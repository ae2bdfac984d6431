import { decide, type Applicant } from '../../policy/decide.js';
import type { Policy } from '../../policy/policy.js';
import type { Db, RecordedDecision } from '../../store/schema.js';
import { exceededLimit } from './limits.js';

/** What made a form look as if a program had filled it in. */
export type Suspicion = 'honeypot' | 'tooFast';

/**
 * What the policy says of an applicant, and what is counted besides: whoever comes after a partner's last place, or looks
 * like a program, is not turned away, but left to a person.
 *
 * @param trx a transaction, since places are counted in it
 */
export async function judge(
  trx: Db,
  policy: Policy,
  applicant: Applicant,
  suspicions: readonly Suspicion[],
): Promise<RecordedDecision> {
  const decision = decide(policy, applicant);
  const guards = suspicions.map((suspicion) => ({ code: `guard.${suspicion}` }));
  // Who has to prove something first is judged again after it; until then the guards are only noted.
  if (decision.outcome === 'prove') return { ...decision, reasons: [...decision.reasons, ...guards] };
  if (decision.outcome !== 'invite') return decision;
  const exceeded = await exceededLimit(trx, policy, decision.partner, applicant.address);
  const beside = [...(exceeded ? [{ code: `limit.${exceeded}` }] : []), ...guards];
  if (beside.length === 0) return decision;
  return { ...decision, outcome: 'review', reasons: [...decision.reasons, ...beside] };
}

/** What was counted besides the policy, which a policy that is read again would not say. */
export function countedBeside({ reasons }: RecordedDecision): { code: string }[] {
  return reasons.filter(({ code }) => code.startsWith('limit.') || code.startsWith('guard.'));
}

/** The suspicions that a decision has recorded. */
export function suspicionsOf({ reasons }: RecordedDecision): Suspicion[] {
  const all: readonly Suspicion[] = ['honeypot', 'tooFast'];
  return all.filter((suspicion) => reasons.some(({ code }) => code === `guard.${suspicion}`));
}
