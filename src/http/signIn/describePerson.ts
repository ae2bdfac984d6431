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
 * policy names approvers at all. Without an answer the person comes in without groups, until the next look.
 *
 * @throws {EntraFault} when the token describes nobody of our tenant
 */
export async function describePerson(deps: Deps, claims: unknown): Promise<Person> {
  const { groups, ...person } = personOf(claims, deps.config.tenantId);
  return { ...person, groups: groups ?? (await groupsByGraph(deps, person.oid)) };
}

async function groupsByGraph({ graph, policy, log }: Deps, oid: string): Promise<string[]> {
  const { partners } = policy.current().policy.document;
  if (partners.every(({ approvers }) => approvers.length === 0)) return [];
  try {
    return await listMembershipIds(graph, oid, AbortSignal.timeout(GRAPH_TIMEOUT_MS));
  } catch (error) {
    if (!(error instanceof GraphFault)) throw error;
    log.warn({ err: error, oid }, 'the groups of a person who signs in could not be read');
    return [];
  }
}
