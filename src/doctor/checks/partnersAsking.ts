import type { Partner } from '../../policy/schema.js';
import type { Patient } from '../patient.js';

/** The name of the first partner that asks for a kind of proof, and how many do; null when none does. */
export function partnersAsking(
  policy: Patient['policy'],
  kind: Partner['proof'],
): { partner: string; count: number } | null {
  const partners = policy?.current().policy.document.partners ?? [];
  const asking = partners.filter(({ enabled, proof }) => enabled && proof === kind);
  const [first] = asking;
  return first ? { partner: first.name, count: asking.length } : null;
}
