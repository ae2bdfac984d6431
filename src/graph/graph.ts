import { Client, GraphError, ResponseType } from '@microsoft/microsoft-graph-client';
import { z, type ZodType } from 'zod';
import type { Config } from '../config.js';
import type { Log } from '../log.js';
import { UNOBSERVED, type Telemetry } from '../telemetry/telemetry.js';
import { createTokenSource } from './credential.js';
import { GraphFault, kindOfAnswer, mayBeProcessed, retryAfterSeconds } from './graphFault.js';
import { CALL_TIMEOUT_MS, CallTrace, createMiddleware, graphOperation } from './middleware.js';
import { isGranted, permissionFor, PERMISSIONS, permissionsIn, type Permission } from './permissions.js';
import { sharedCall } from '../shared.js';

/** Fields of an answer, named as Microsoft's own types name them. */
export type FieldsOf<Entity> = Partial<Record<keyof Entity, ZodType>>;

/** A successful call: the parsed body (undefined for 204), Microsoft's id of the call, and when Graph answered, by its clock. */
type GraphAnswer = { status: number; body: unknown; requestId: string | null; answeredAt: Date | null };

export type GraphCall = {
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** Path and query below `/v1.0`, already encoded. */
  path: string;
  body?: object;
  /** For an advanced query, such as `$search` (https://learn.microsoft.com/graph/aad-advanced-queries). */
  eventual?: boolean;
  signal?: AbortSignal | undefined;
};

export type Graph = {
  /** Application id of the portal's own registration. */
  ownAppId: string;
  /** Base of the URLs by which objects refer to each other (`@odata.id`). */
  baseUrl: string;
  /** How many writes were sent since this was last asked. */
  takeWrites: () => number;
  /** @throws {GraphFault} for every answer that is not a success */
  call(call: GraphCall): Promise<GraphAnswer>;
  /**
   * The application permissions that we have been granted, read off a new token: one from before may lack the latest.
   *
   * @throws {GraphFault} `unauthenticated` when Entra gives no token
   */
  grantedPermissions(signal: AbortSignal): Promise<string[]>;
  /**
   * Whether the token in use has a permission: a call without it would only be refused.
   *
   * @throws {GraphFault} `unauthenticated` when Entra gives no token
   */
  isPermitted(purpose: Permission['purpose'], signal: AbortSignal): Promise<boolean>;
};

const ROLES_WITHIN_MS = 10_000;

/** Microsoft Graph v1.0 as this application. Repeats nothing by itself: that is the worker's business. */
export function createGraph(
  config: Pick<Config, 'graphCredential' | 'graphUrl' | 'authorityUrl' | 'tenantId' | 'signIn'> &
    Partial<Pick<Config, 'managedIdentity'>>,
  log: Log,
  telemetry: Pick<Telemetry, 'figures' | 'tracing'> = UNOBSERVED,
): Graph {
  const tokens = createTokenSource(config);
  const client = Client.initWithMiddleware({
    baseUrl: config.graphUrl,
    middleware: createMiddleware(tokens, log, telemetry),
  });
  async function freshRoles(signal: AbortSignal): Promise<string[]> {
    tokens.forget();
    return permissionsIn(await tokens.token(signal));
  }
  let writes = 0;
  // A flood of refusals takes one token at a time.
  const roles = sharedCall(() => freshRoles(AbortSignal.timeout(ROLES_WITHIN_MS)));
  return {
    ownAppId: config.signIn.clientId,
    baseUrl: `${config.graphUrl}/v1.0`,
    takeWrites() {
      const taken = writes;
      writes = 0;
      return taken;
    },
    async call({ method, path, body, eventual, signal }) {
      if (method !== 'GET') writes++;
      const timeout = AbortSignal.timeout(CALL_TIMEOUT_MS);
      const trace = new CallTrace(signal ? AbortSignal.any([signal, timeout]) : timeout);
      const request = client.api(path).responseType(ResponseType.JSON).middlewareOptions([trace]);
      if (eventual) request.header('ConsistencyLevel', 'eventual');
      const send = {
        GET: () => request.get(),
        POST: () => request.post(body),
        PATCH: () => request.patch(body),
        DELETE: () => request.delete(),
      }[method];
      try {
        const answer: unknown = await send();
        const requestId = trace.headers?.get('request-id') ?? null;
        return { status: trace.status ?? 0, body: answer, requestId, answeredAt: dateOf(trace.headers) };
      } catch (error) {
        const fault = toFault(error, trace);
        throw fault.kind === 'forbidden'
          ? await explained(fault, { method, path }, { used: permissionsIn(trace.token), fresh: roles })
          : fault;
      }
    },
    grantedPermissions: freshRoles,
    async isPermitted(purpose, signal) {
      const needed = PERMISSIONS.find((permission) => permission.purpose === purpose);
      return needed !== undefined && isGranted(needed, permissionsIn(await tokens.token(signal)));
    },
  };
}

/**
 * Reads something of the directory.
 *
 * @throws {GraphFault} for every answer that is not a success, and for one of another shape
 */
export async function get<T>(
  graph: Pick<Graph, 'call'>,
  path: string,
  shape: ZodType<T>,
  options: Pick<GraphCall, 'eventual' | 'signal'> = {},
): Promise<T> {
  const { body, requestId } = await graph.call({ method: 'GET', path, ...options });
  const parsed = shape.safeParse(body);
  if (parsed.success) return parsed.data;
  // The query may hold an address.
  const operation = graphOperation('GET', path.replace(/\?.*/, ''));
  throw unreadable(`The answer to ${operation} could not be read`, requestId, 'no');
}

/**
 * Reads a list page by page, at most `most` of them. A reader that has found what it looks for stops.
 *
 * @throws {GraphFault} as {@link get} does
 */
export async function* pagesOf<T>(
  graph: Graph,
  first: string,
  item: ZodType<T>,
  { most, signal }: { most: number; signal?: AbortSignal | undefined },
): AsyncGenerator<T[], void, undefined> {
  const shape = z.object({ value: z.array(item), '@odata.nextLink': z.string().optional() });
  let path: string | null = first;
  for (let pages = 0; path !== null && pages < most; pages++) {
    const page: z.infer<typeof shape> = await get(graph, path, shape, { signal });
    yield page.value;
    path = pathBelow(graph, page['@odata.nextLink']);
  }
}

/** What Graph documents as the success of a write. */
export type Success<T> = { status: number; shape: ZodType<T> };

/** The success of a write that answers nothing: 204. */
export const NO_CONTENT: Success<undefined> = { status: 204, shape: z.undefined() };

/**
 * Changes something in the directory. Only the documented answer is a success: after another one nobody knows what has
 * happened, and the next attempt asks the directory by repeating the write.
 *
 * @throws {GraphFault} `unavailable`, `processed: 'unknown'` for an answer that claims success and is another one
 */
export async function write<T>(
  graph: Pick<Graph, 'call'>,
  call: Omit<GraphCall, 'eventual'>,
  success: Success<T>,
): Promise<{ body: T; requestId: string | null }> {
  const { status, body, requestId } = await graph.call(call);
  const parsed = success.shape.safeParse(body);
  if (status === success.status && parsed.success) return { body: parsed.data, requestId };
  const operation = graphOperation(call.method, call.path);
  throw unreadable(`The answer ${status} to ${operation} is not the documented success`, requestId);
}

/**
 * Adds something to the directory. A refusal with the words `alreadyThere` is a success too; nothing else in it says so.
 *
 * @returns whether it was added now, or was there already
 * @throws {GraphFault} as {@link write} does
 */
export async function addUnlessThere(
  graph: Graph,
  call: Pick<GraphCall, 'path' | 'body' | 'signal'>,
  success: Success<unknown>,
  alreadyThere: string,
): Promise<{ added: boolean; requestId: string | null }> {
  try {
    const { requestId } = await write(graph, { method: 'POST', ...call }, success);
    return { added: true, requestId };
  } catch (error) {
    const isThere =
      error instanceof GraphFault && error.kind === 'rejected' && error.message.includes(alreadyThere);
    if (isThere) return { added: false, requestId: error.requestId };
    throw error;
  }
}

/**
 * Takes something out of the directory. A 404 is a success too, and so is a refusal with the words `notThere`.
 *
 * @returns whether it was removed now, or was gone already
 * @throws {GraphFault} as {@link write} does
 */
export async function removeIfThere(
  graph: Pick<Graph, 'call'>,
  { path, signal }: Pick<GraphCall, 'path' | 'signal'>,
  notThere?: string,
): Promise<{ removed: boolean; requestId: string | null }> {
  try {
    const { requestId } = await write(graph, { method: 'DELETE', path, signal }, NO_CONTENT);
    return { removed: true, requestId };
  } catch (error) {
    if (!(error instanceof GraphFault)) throw error;
    const saysSo = notThere !== undefined && error.kind === 'rejected' && error.message.includes(notThere);
    if (error.kind === 'notFound' || saysSo) return { removed: false, requestId: error.requestId };
    throw error;
  }
}

/**
 * Graph refuses with the same 403 what our token has no permission for and what a setting of the tenant forbids. The roles of
 * the token that was used, and of a fresh one, tell them apart: a permission that was granted since is worth another attempt.
 */
async function explained(
  fault: GraphFault,
  { method, path }: Pick<GraphCall, 'method' | 'path'>,
  roles: { used: string[]; fresh: () => Promise<string[]> },
): Promise<GraphFault> {
  const needed = permissionFor(method, path);
  if (!needed) return fault;
  const fresh = await roles.fresh().catch(() => null);
  if (!fresh) return fault;
  const details = detailsOf(fault);
  if (!isGranted(needed, fresh)) return new GraphFault({ ...details, permission: needed.name }, fault.cause);
  const kind = isGranted(needed, roles.used) ? 'rejected' : 'unavailable';
  return new GraphFault({ ...details, kind }, fault.cause);
}

function detailsOf(fault: GraphFault) {
  const { kind, status, code, message, requestId, retryAfterSeconds: after, processed, permission } = fault;
  return { kind, status, code, message, requestId, retryAfterSeconds: after, processed, permission };
}

/** The path of the next page; null after the last one, and for a link that leads elsewhere. */
export function pathBelow(graph: Pick<Graph, 'baseUrl'>, link: string | undefined): string | null {
  return link?.startsWith(`${graph.baseUrl}/`) ? link.slice(graph.baseUrl.length) : null;
}

function dateOf(headers: Headers | null): Date | null {
  const date = new Date(headers?.get('date') ?? '');
  return Number.isNaN(date.getTime()) ? null : date;
}

function toFault(error: unknown, trace: CallTrace): GraphFault {
  if (trace.failure instanceof GraphFault) return trace.failure;
  const requestId = trace.headers?.get('request-id') ?? null;
  if (trace.status !== null && trace.status >= 400) {
    const code = error instanceof GraphError ? error.code : null;
    const kind = kindOfAnswer(trace.status, code);
    return new GraphFault(
      {
        kind,
        status: trace.status,
        code,
        message: wordsOf(error, trace.status),
        requestId,
        retryAfterSeconds: retryAfterSeconds(trace.headers?.get('retry-after') ?? null),
        processed: kind === 'unavailable' ? 'unknown' : 'no',
      },
      error,
    );
  }
  // No answer, or a success whose body could not be read: cut off, HTML, not JSON.
  if (trace.status !== null) {
    return unreadable(`Microsoft Graph answered ${trace.status} with something that is no JSON`, requestId);
  }
  const failure = trace.failure ?? error;
  const words = failure instanceof Error && failure.message !== '' ? failure.message : 'no answer';
  return unreadable(words, requestId, mayBeProcessed(failure), error);
}

/** What Graph says, if it says anything: an answer without a body, or with HTML, gives the client nothing but its own trouble. */
function wordsOf(error: unknown, status: number): string {
  if (error instanceof GraphError && error.code) return error.message;
  return `Microsoft Graph answered ${status} without saying why`;
}

/** The fault of an answer that claims success and cannot be one. */
export function unreadable(
  message: string,
  requestId: string | null,
  processed: 'no' | 'unknown' = 'unknown',
  cause?: unknown,
): GraphFault {
  return new GraphFault(
    { kind: 'unavailable', status: null, code: null, message, requestId, retryAfterSeconds: null, processed },
    cause,
  );
}
