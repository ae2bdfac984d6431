import type { Deps } from '../../../deps.js';
import { malformed } from '../../../errors.js';
import { searchApps } from '../../../graph/apps.js';
import { GraphFault, type GraphFaultKind } from '../../../graph/graphFault.js';
import { groupObstacle, searchGroups } from '../../../graph/groups.js';
import { MalformedCursor, type Page } from '../../../graph/search.js';
import { searchUsers } from '../../../graph/users.js';

/** What a picker looks for. `people` are users, and groups of them. */
export type Picker = 'groups' | 'apps' | 'people';

/** One thing that was found; `obstacle` is the code of why it must not be chosen. */
type Choice = { id: string; name: string; detail: string | null; obstacle: string | null };

/** `missing` is the permission that our token lacks; empty if it lacks none. */
export type Found =
  | { ok: true; choices: Choice[]; next: string | null }
  | { ok: false; why: GraphFaultKind; missing: string; waitSeconds: number | null };

/** A person waits for it, so a picker gives up long before a worker would. */
const LONGEST_MS = 8_000;

type Query = { text: string; cursor?: string };

/**
 * Searches the directory. When Graph is down, busy or refuses, it says so instead of failing: ids can still be typed.
 *
 * @throws {PublicError} `malformed` for a cursor that no page of ours offers
 */
export async function searchDirectory(
  { graph, log }: Pick<Deps, 'graph' | 'log'>,
  picker: Picker,
  query: Query,
): Promise<Found> {
  try {
    const { items, next } = await SEARCHES[picker](graph, query);
    return { ok: true, choices: items, next };
  } catch (error) {
    if (error instanceof MalformedCursor) throw malformed();
    return describeFailure({ log }, error);
  }
}

/** Says why Graph gave no answer, and throws on every other error. */
export function describeFailure({ log }: Pick<Deps, 'log'>, error: unknown): Found & { ok: false } {
  if (!(error instanceof GraphFault)) throw error;
  log.warn(
    { kind: error.kind, status: error.status, graphRequestId: error.requestId },
    'Graph did not answer a picker',
  );
  const waitSeconds = error.retryAfterSeconds === null ? null : Math.ceil(error.retryAfterSeconds);
  return { ok: false, why: error.kind, missing: error.permission ?? '', waitSeconds };
}

/** Ends what a person waits for. */
export const pickerSignal = () => AbortSignal.timeout(LONGEST_MS);

const SEARCHES: Record<Picker, (graph: Deps['graph'], query: Query) => Promise<Page<Choice>>> = {
  async groups(graph, { text, cursor }) {
    const page = await searchGroups(graph, text, options(cursor));
    return {
      items: page.items.map((group) => ({
        id: group.id,
        name: group.displayName ?? group.id,
        detail: null,
        obstacle: groupObstacle(group),
      })),
      next: page.next,
    };
  },
  async apps(graph, { text, cursor }) {
    const page = await searchApps(graph, text, options(cursor));
    return {
      items: page.items.map((app) => ({
        id: app.servicePrincipalId,
        name: app.name,
        detail: app.homepage,
        obstacle: app.obstacle,
      })),
      next: page.next,
    };
  },
  /** Users a page at a time; groups on the first page only, since few have the name of a person. */
  async people(graph, { text, cursor }) {
    const [users, groups] = await Promise.all([
      searchUsers(graph, text, options(cursor)),
      cursor === undefined ? searchGroups(graph, text, options()) : null,
    ]);
    const found = (groups?.items ?? []).map(({ id, displayName }) => ({
      id,
      name: displayName ?? id,
      detail: null,
    }));
    return {
      items: [
        ...users.items.map((user) => ({
          id: user.id,
          name: user.displayName ?? user.userPrincipalName ?? user.id,
          detail: user.userPrincipalName ?? null,
          obstacle: null,
        })),
        ...found.map((group) => ({ ...group, obstacle: null })),
      ],
      next: users.next,
    };
  },
};

function options(cursor?: string) {
  return { signal: pickerSignal(), ...(cursor !== undefined && { cursor }) };
}
