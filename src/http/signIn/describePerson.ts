import type { Person } from '../../access/person.js';
import type { Deps } from '../../deps.js';
import { GraphFault } from '../../graph/graphFault.js';
import { listMembershipIds } from '../../graph/users.js';
import { personOf } from './personOf.js';

/** People wait for it. */
const GRAPH_TIMEOUT_MS = 5_000;

/**
 * The person whom a verified id_token describes, with the groups that matter here. Graph is asked for them where the
 * token does not tell (the claim is not set up, or the person has more groups than a token holds), and only when the
 * policy names approvers at all. While it does not answer, what it said before holds a little longer, as all rights do;
 * whoever signs in then comes in without groups, until the next look.
 *
 * @param before the same person, as described when their rights were last read
 * @throws {EntraFault} when the token describes nobody of our tenant
 */
export async function describePerson(deps: Deps, claims: unknown, before?: Person): Promise<Person> {
  const { groups, ...person } = personOf(claims, deps.config.tenantId);
  return { ...person, ...(groups ? { groups } : await groupsByGraph(deps, person.oid, before)) };
}

async function groupsByGraph(
  { graph, policy, log, limits }: Deps,
  oid: string,
  before?: Person,
): Promise<Pick<Person, 'groups' | 'groupsReadAt'>> {
  const { partners } = policy.current().policy.document;
  if (partners.every(({ approvers }) => approvers.length === 0)) return { groups: [] };
  try {
    const groups = await listMembershipIds(graph, oid, AbortSignal.timeout(GRAPH_TIMEOUT_MS));
    return { groups, groupsReadAt: Date.now() };
  } catch (error) {
    if (!(error instanceof GraphFault)) throw error;
    log.warn({ err: error, oid }, 'the groups of a person could not be read');
    const { groups = [], groupsReadAt = 0 } = before ?? {};
    const fresh = Date.now() - groupsReadAt <= limits.rightsStaleSeconds * 1000;
    return fresh ? { groups, groupsReadAt } : { groups: [] };
  }
}
