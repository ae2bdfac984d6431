import { setTimeout as sleep } from 'node:timers/promises';
import { z, type ZodType } from 'zod';
import { concurrently } from '../concurrently.js';
import { inChunks } from '../inChunks.js';
import { unreadable, type Graph } from './graph.js';
import { GraphFault, kindOfAnswer, retryAfterSeconds } from './graphFault.js';
import { graphOperation } from './middleware.js';
import { isGranted, permissionFor } from './permissions.js';

/** A call that only reads; POST is for those that ask by it, such as `checkMemberGroups`. */
export type BatchedCall = { method?: 'GET' | 'POST'; path: string; body?: object };

const IN_ONE_BATCH = 20;
/** Batches under way at once; more would be throttled together with the worker's calls. */
const BATCHES_AT_ONCE = 4;
/** How often a call that was throttled within a batch is sent again. */
const MOST_RETRIES = 3;
/** Without a Retry-After. */
const RETRY_AFTER_SECONDS = 2;
const ROLES_WITHIN_MS = 10_000;

const answers = z.object({
  responses: z.array(
    z.object({
      id: z.string(),
      status: z.number().int(),
      headers: z.record(z.string(), z.string()).nullish(),
      body: z.unknown().optional(),
    }),
  ),
});
type Answer = z.infer<typeof answers>['responses'][number];

const refusal = z.object({
  error: z.object({
    code: z.string().nullish(),
    message: z.string().nullish(),
    innerError: z.object({ 'request-id': z.string().nullish() }).nullish().catch(null),
  }),
});

/**
 * Reads much at once: twenty calls in one `$batch`, up to four batches at a time. What is throttled within a batch is sent again
 * by itself, after the longest pause that was asked for and at most three times.
 *
 * @param calls reads alone: a call may be sent twice
 * @returns the answers in the order of the calls; a fault in the place of a call that was refused
 * @throws {GraphFault} when a batch as a whole is refused; the rest are not begun
 * @see https://learn.microsoft.com/graph/json-batching
 */
export async function getInBatches<T>(
  graph: Graph,
  calls: readonly BatchedCall[],
  shape: ZodType<T>,
  { signal }: { signal?: AbortSignal | undefined } = {},
): Promise<(T | GraphFault)[]> {
  const results = new Map<number, T | GraphFault>();
  await concurrently(inChunks([...calls.keys()], IN_ONE_BATCH), BATCHES_AT_ONCE, async (chunk) => {
    let waiting = chunk;
    for (let retries = 0; waiting.length > 0; retries += 1) {
      const read = await sendBatch({ graph, shape, signal }, calls, waiting);
      for (const [index, result] of read) results.set(index, result);
      const pauses = [...read].flatMap(([index, result]) =>
        result instanceof GraphFault && result.kind === 'throttled'
          ? [{ index, seconds: result.retryAfterSeconds ?? RETRY_AFTER_SECONDS }]
          : [],
      );
      if (pauses.length === 0 || retries === MOST_RETRIES) return;
      const seconds = Math.max(...pauses.map((pause) => pause.seconds));
      // Ended early, the next call says so as Graph's fault.
      await sleep(seconds * 1000, undefined, { signal }).catch(() => undefined);
      waiting = pauses.map(({ index }) => index);
    }
  });
  return calls.map((call, index) => results.get(index) ?? unanswered(call, null));
}

type Reading<T> = {
  graph: Graph;
  shape: ZodType<T>;
  signal: AbortSignal | undefined;
};

/** Sends the calls with these indexes, which are their ids within the batch. */
async function sendBatch<T>(
  reading: Reading<T>,
  calls: readonly BatchedCall[],
  indexes: readonly number[],
): Promise<Map<number, T | GraphFault>> {
  const { graph, signal } = reading;
  const chosen = indexes.flatMap((index) => {
    const call = calls[index];
    return call ? [{ index, call }] : [];
  });
  const requests = chosen.map(({ index, call: { method = 'GET', path, body } }) => ({
    id: String(index),
    method,
    url: path,
    ...(body && { headers: { 'Content-Type': 'application/json' }, body }),
  }));
  const { body, requestId } = await graph.call({
    method: 'POST',
    path: '/$batch',
    body: { requests },
    signal,
  });
  const parsed = answers.safeParse(body);
  if (!parsed.success) throw unreadable('The answer to a batch could not be read', requestId, 'no');
  const byId = new Map(parsed.data.responses.map((answer) => [answer.id, answer]));
  const results = new Map<number, T | GraphFault>();
  for (const { index, call } of chosen) {
    const answer = byId.get(String(index));
    results.set(index, await readAnswer(reading, call, { answer, requestId }));
  }
  return results;
}

async function readAnswer<T>(
  { graph, shape, signal }: Reading<T>,
  call: BatchedCall,
  { answer, requestId }: { answer: Answer | undefined; requestId: string | null },
): Promise<T | GraphFault> {
  if (!answer) return unanswered(call, requestId);
  if (answer.status >= 400) {
    const fault = toFault(answer, requestId);
    return fault.kind === 'forbidden' ? explained(graph, call, fault, signal) : fault;
  }
  const parsed = shape.safeParse(answer.body);
  if (parsed.success) return parsed.data;
  return unreadable(`The answer to ${nameOf(call)} in a batch could not be read`, requestId, 'no');
}

function unanswered(call: BatchedCall, requestId: string | null): GraphFault {
  return unreadable(`The answer to ${nameOf(call)} is missing from a batch`, requestId, 'no');
}

/** The query may hold an address. */
function nameOf({ method = 'GET', path }: BatchedCall): string {
  return graphOperation(method, path.replace(/\?.*/, ''));
}

function toFault({ status, headers, body }: Answer, outerId: string | null): GraphFault {
  const { error } = refusal.safeParse(body).data ?? {};
  const code = error?.code ?? null;
  const kind = kindOfAnswer(status, code);
  const after = Object.entries(headers ?? {}).find(([name]) => name.toLowerCase() === 'retry-after');
  return new GraphFault({
    kind,
    status,
    code,
    message: error?.message ?? `Microsoft Graph answered ${status} without saying why`,
    requestId: error?.innerError?.['request-id'] ?? outerId,
    retryAfterSeconds: retryAfterSeconds(after?.[1] ?? null),
    processed: kind === 'unavailable' ? 'unknown' : 'no',
  });
}

/** A 403 by the roles of the token in use, and of a fresh one, as for a call of its own. */
async function explained(
  graph: Graph,
  { method = 'GET', path }: BatchedCall,
  fault: GraphFault,
  signal = AbortSignal.timeout(ROLES_WITHIN_MS),
): Promise<GraphFault> {
  const needed = permissionFor(method, path);
  if (!needed) return fault;
  const { status, code, message, requestId, retryAfterSeconds: after, processed } = fault;
  const details = { status, code, message, requestId, retryAfterSeconds: after, processed };
  try {
    if (await graph.isPermitted(needed.purpose, signal))
      return new GraphFault({ ...details, kind: 'rejected' });
    const isGrantedSince = isGranted(needed, await graph.grantedPermissions(signal));
    return isGrantedSince
      ? new GraphFault({ ...details, kind: 'unavailable' })
      : new GraphFault({ ...details, kind: 'forbidden', permission: needed.name });
  } catch {
    return fault;
  }
}
