import { isRecord } from './call.js';
import { badRequest } from './errors.js';

/** One call of a batch. */
export type BatchItem = {
  id: string;
  method: string;
  /** Path and query below `/v1.0`. */
  url: string;
  /** By name in lower case. */
  headers: Record<string, string>;
  body: unknown;
};

export const BATCH_PATH = '/$batch';
const MOST_ITEMS = 20;
const methods = new Set(['GET', 'POST', 'PATCH', 'PUT', 'DELETE']);
const writes = new Set(['POST', 'PATCH', 'PUT']);

/**
 * Reads the body of `POST /$batch`. What Graph says of a duplicate id and of a missing content type is known from public
 * reports, the other words are the simulator's own.
 *
 * @throws GraphError 400 for a batch that is malformed, which then is not begun
 * @see https://learn.microsoft.com/graph/json-batching
 */
export function readBatch(body: unknown): BatchItem[] {
  const given: unknown = isRecord(body) ? body.requests : undefined;
  if (!Array.isArray(given) || given.length === 0) throw malformed();
  if (given.length > MOST_ITEMS) {
    throw badRequest(
      `Number of batch request steps exceeds the maximum value of ${MOST_ITEMS}.`,
      'MaximumValueExceeded',
    );
  }
  const items = given.map(readItem);
  const seen = new Set<string>();
  for (const { id } of items) {
    if (seen.has(id.toLowerCase())) {
      throw badRequest(`Request Id ${id} has to be unique in a batch.`, 'BadRequest');
    }
    seen.add(id.toLowerCase());
  }
  return items;
}

function readItem(given: unknown): BatchItem {
  if (!isRecord(given)) throw malformed();
  const { id, method, url, headers = {}, body, dependsOn } = given;
  if (typeof id !== 'string' || id === '' || typeof method !== 'string' || typeof url !== 'string') {
    throw malformed();
  }
  if (!methods.has(method) || !isRecord(headers)) throw malformed();
  if (!/^\/[^/]/.test(url)) throw badRequest(`Invalid request URL '${url}' of request ${id}.`, 'BadRequest');
  if (dependsOn !== undefined) {
    throw badRequest('dependsOn is not supported by the simulated tenant.', 'BadRequest');
  }
  const named = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)]);
  const byName = Object.fromEntries(named) as Record<string, string>;
  const incomplete = byName['content-type'] === undefined || body === undefined;
  if (incomplete && (writes.has(method) || body !== undefined)) {
    throw badRequest(`Write request id : ${id} does not contain Content-Type header or body.`, 'BadRequest');
  }
  return { id, method, url, headers: byName, body };
}

function malformed() {
  return badRequest('Invalid batch payload format.', 'BadRequest');
}
