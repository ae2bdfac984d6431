import { randomUUID } from 'node:crypto';
import type { Context, Middleware, MiddlewareOptions } from '@microsoft/microsoft-graph-client';
import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import { guardedFetch } from '../guardedFetch.js';
import type { Log } from '../log.js';
import type { Telemetry } from '../telemetry/telemetry.js';
import type { TokenSource } from './credential.js';
import { GraphFault, kindOfAnswer, retryAfterSeconds, type GraphFaultKind } from './graphFault.js';

/** What is known of one call: the client's own errors keep too little. */
export class CallTrace implements MiddlewareOptions {
  readonly clientRequestId = randomUUID();
  readonly started = performance.now();
  status: number | null = null;
  headers: Headers | null = null;
  failure: unknown = null;
  /** The token that was sent. */
  token = '';
  constructor(readonly signal: AbortSignal) {}
}

/**
 * The steps of every call. The list that the library ships is not used: its retry repeats a POST on 503 and
 * 504, which could invite twice, its authentication sends no token to a host that it does not know, and its last
 * step reads an answer of any length.
 */
export function createMiddleware(tokens: TokenSource, log: Log, telemetry: Observed): Middleware {
  const trace = new TraceStep(log, telemetry);
  const authenticate = new AuthenticateStep(tokens);
  trace.setNext(authenticate);
  authenticate.setNext(new SendStep());
  return trace;
}

type GraphOutcome = 'ok' | GraphFaultKind | 'noAnswer';
type Observed = Pick<Telemetry, 'figures' | 'tracing'>;

/** Numbers, limits, counts and logs a call. */
class TraceStep implements Middleware {
  private next!: Middleware;
  constructor(
    private readonly log: Log,
    private readonly telemetry: Observed,
  ) {}

  setNext(next: Middleware): void {
    this.next = next;
  }

  execute(context: Context): Promise<void> {
    const method = context.options?.method ?? 'GET';
    const name = graphOperation(method, pathOf(context));
    const attributes = { 'http.request.method': method, 'peer.service': 'Microsoft Graph' };
    return this.telemetry.tracing.span({ name, kind: SpanKind.CLIENT, attributes }, async (span) => {
      const trace = traceOf(context);
      try {
        await this.send(context, trace);
      } finally {
        const outcome = outcomeOf(trace);
        this.count(trace, name, outcome);
        span.setAttributes({
          'portal.graph.outcome': outcome,
          'portal.graph.client.request.id': trace.clientRequestId,
          ...(trace.status !== null && { 'http.response.status_code': trace.status }),
        });
        if (outcome !== 'ok') span.setStatus({ code: SpanStatusCode.ERROR });
      }
    });
  }

  private count({ started, headers }: CallTrace, operation: string, outcome: GraphOutcome): void {
    const { figures } = this.telemetry;
    figures.graphCall(operation, outcome, (performance.now() - started) / 1000);
    if (outcome === 'throttled')
      figures.graphPauseAsked(retryAfterSeconds(headers?.get('retry-after') ?? null) ?? 0);
  }

  private async send(context: Context, trace: CallTrace): Promise<void> {
    setHeader(context, 'client-request-id', trace.clientRequestId);
    context.options = { ...context.options, signal: trace.signal };
    try {
      await this.next.execute(context);
      trace.status = context.response?.status ?? null;
      trace.headers = context.response?.headers ?? null;
    } catch (error) {
      trace.failure = error;
      throw error;
    } finally {
      this.log.info(
        {
          clientRequestId: trace.clientRequestId,
          graphRequestId: trace.headers?.get('request-id') ?? null,
          method: context.options.method,
          path: pathOf(context),
          status: trace.status,
          ms: Math.round(performance.now() - trace.started),
        },
        'graph call',
      );
    }
  }
}

class AuthenticateStep implements Middleware {
  private next!: Middleware;
  constructor(private readonly tokens: TokenSource) {}

  setNext(next: Middleware): void {
    this.next = next;
  }

  async execute(context: Context): Promise<void> {
    const trace = traceOf(context);
    trace.token = await this.tokens.token(trace.signal);
    setHeader(context, 'authorization', `Bearer ${trace.token}`);
    await this.next.execute(context);
    if (context.response?.status === 401) this.tokens.forget();
  }
}

/** A page of 999 users with every field that we select takes less than 1 MB. */
const LONGEST_ANSWER = 4 * 1024 * 1024;
/** For the token and the call together. */
export const CALL_TIMEOUT_MS = 30_000;

class SendStep implements Middleware {
  async execute(context: Context): Promise<void> {
    const { method, headers, body, signal } = context.options ?? {};
    const {
      status,
      headers: answered,
      text,
    } = await guardedFetch(urlOf(context), {
      method,
      headers: headers as Record<string, string>,
      body,
      maxBytes: LONGEST_ANSWER,
      timeoutMs: CALL_TIMEOUT_MS,
      signal: signal ?? undefined,
    });
    if (text === null) throw new Error(`answered ${status} with more than ${LONGEST_ANSWER} bytes`);
    // Such an answer must have no body, not even an empty one.
    const empty = status === 204 || status === 205;
    context.response = new Response(empty ? null : text, { status, headers: answered });
  }
}

function traceOf(context: Context): CallTrace {
  const trace = context.middlewareControl?.getMiddlewareOptions(CallTrace);
  if (!(trace instanceof CallTrace)) throw new Error('A Graph call without its trace');
  return trace;
}

function setHeader(context: Context, name: string, value: string): void {
  const headers = new Headers(context.options?.headers);
  headers.set(name, value);
  context.options = { ...context.options, headers: Object.fromEntries(headers) };
}

/** Without the query, which holds addresses. */
function pathOf(context: Context): string {
  return new URL(urlOf(context)).pathname;
}

function urlOf(context: Context): string {
  // The client's types leave this one to a library that only browsers have.
  const { request } = context as { request: string | { url: string } };
  return typeof request === 'string' ? request : request.url;
}

function outcomeOf({ status, failure }: CallTrace): GraphOutcome {
  if (status !== null) return status < 400 ? 'ok' : kindOfAnswer(status, null);
  return failure instanceof GraphFault ? failure.kind : 'noAnswer';
}

/** Words of Graph's paths that the portal uses; anything else in a path is an id. */
const WORDS = new Set([
  'applications',
  'appRoleAssignments',
  'appRoleAssignedTo',
  'authorizationPolicy',
  'checkMemberGroups',
  'deletedItems',
  'directory',
  'groups',
  'invitations',
  'memberOf',
  'members',
  'microsoft.graph.user',
  'organization',
  'policies',
  'restore',
  'servicePrincipals',
  'transitiveMemberOf',
  'users',
  '$batch',
  '$ref',
]);
const LONGEST = 4;

/** A call of Graph as one of a short list: `POST /groups/{id}/members/$ref`. */
export function graphOperation(method: string, path: string): string {
  const segments = path.replace(/^\/v1\.0\//, '').split('/');
  return `${method} /${segments.slice(0, LONGEST).map(wordOf).join('/')}`;
}

function wordOf(segment: string): string {
  if (WORDS.has(segment)) return segment;
  // An object by another key than its id: applications(appId='…').
  const collection = segment.slice(0, segment.indexOf('('));
  return WORDS.has(collection) ? `${collection}({key})` : '{id}';
}
