import { covers, type Scope } from '../../access/access.js';
import type { Policy } from '../../policy/policy.js';

export type PartnerChoice = { id: string; name: string };

/** More than this nobody looks through, and the page would consist of little else. */
const MOST_CHOICES = 300;

/** The partners whose requests a scope covers, by name; null where they are too many to choose from. */
export function partnerChoices({ document }: Policy, scope: Scope): PartnerChoice[] | null {
  const covered = document.partners.filter(({ id }) => covers(scope, id));
  if (covered.length > MOST_CHOICES) return null;
  return covered
    .map(({ id, name }) => ({ id, name }))
    .sort((one, other) => one.name.localeCompare(other.name));
}
