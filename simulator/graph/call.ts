import type { Reply } from '../reply.js';
import type { Tenant } from '../tenant.js';
import { badRequest } from './errors.js';

/** One call of a Graph operation, already authenticated. */
export type GraphCall = {
  tenant: Tenant;
  /** The `{names}` of the route, decoded. */
  params: Record<string, string>;
  query: URLSearchParams;
  /** `ConsistencyLevel: eventual` was sent. */
  eventual: boolean;
  /** The path as called, after `/v1.0`; a next link repeats it. */
  path: string;
  body: Record<string, unknown>;
};

export const noContent: Reply = { status: 204 };

const GUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** A parameter of the route. */
export function param(call: GraphCall, name: string): string {
  return call.params[name] ?? '';
}

/** A parameter that has to be an object id. */
export function idParam(call: GraphCall, name: string): string {
  const id = param(call, name);
  if (!GUID.test(id)) throw badRequest(`Invalid object identifier '${id}'.`);
  return id.toLowerCase();
}

/** The id in an `@odata.id` such as `https://graph.microsoft.com/v1.0/directoryObjects/{id}`, or in `{ id }`. */
export function referencedId(reference: unknown): string {
  const given =
    typeof reference === 'string'
      ? reference
      : isRecord(reference)
        ? (reference['@odata.id'] ?? reference.id)
        : undefined;
  const id = typeof given === 'string' ? given.split(/[/(')]+/).findLast((part) => part !== '') : undefined;
  if (id === undefined || !GUID.test(id)) {
    throw badRequest("Invalid URI or missing '@odata.id' in the reference of the request.");
  }
  return id.toLowerCase();
}

export function isGuid(value: unknown): value is string {
  return typeof value === 'string' && GUID.test(value);
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The `@odata.context` of an answer. */
export function context(call: GraphCall, fragment: string): string {
  return `${call.tenant.urls.backChannel}/v1.0/$metadata#${fragment}`;
}
