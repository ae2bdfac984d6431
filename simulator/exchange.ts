import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { decodePath, openEntry, type LedgerEntry } from './ledger.js';
import type { Reply } from './reply.js';
import type { Tenant } from './tenant.js';

const PREFIX = '/v1.0';

/** Replaces a secret or a token in the ledger. */
export const NOT_KEPT = '(not kept)';

/** One call over the back channel, and its entry in the ledger. */
export type Exchange = {
  tenant: Tenant;
  request: IncomingMessage;
  response: ServerResponse;
  url: URL;
  /** Decoded; for Graph what follows `/v1.0`. */
  path: string;
  toGraph: boolean;
  bodyText: string;
  body: unknown;
  requestId: string;
  clientRequestId: string;
  entry: LedgerEntry;
};

/** Reads a call and opens its entry in the ledger. */
export function openExchange(
  tenant: Tenant,
  request: IncomingMessage,
  response: ServerResponse,
  bodyText: string,
): Exchange {
  const url = new URL(request.url ?? '/', tenant.urls.backChannel);
  const toGraph = url.pathname.startsWith(`${PREFIX}/`);
  const body = readBody(request, bodyText);
  const requestId = randomUUID();
  const method = request.method ?? 'GET';
  return {
    tenant,
    request,
    response,
    url,
    path: decodePath(toGraph ? url.pathname.slice(PREFIX.length) : url.pathname),
    toGraph,
    bodyText,
    body,
    requestId,
    clientRequestId: headerOf(request, 'client-request-id') ?? requestId,
    entry: openEntry(tenant.ledger, { method, url, headers: request.headers, body }),
  };
}

/** The parsed body; the secrets of a token request are left out, for it goes into the ledger. */
function readBody(request: IncomingMessage, bodyText: string): unknown {
  if (bodyText === '') return undefined;
  if (headerOf(request, 'content-type')?.startsWith('application/x-www-form-urlencoded')) {
    const form = Object.fromEntries(new URLSearchParams(bodyText));
    const secrets = ['client_secret', 'code', 'code_verifier', 'refresh_token'].filter(
      (name) => name in form,
    );
    return { ...form, ...Object.fromEntries(secrets.map((name) => [name, NOT_KEPT])) };
  }
  try {
    return JSON.parse(bodyText) as unknown;
  } catch {
    return bodyText;
  }
}

/** The headers of an answer: those that Graph sends with every answer, then those of this one. */
export function headersOf(exchange: Exchange, reply: Reply): Record<string, string> {
  const { requestId, clientRequestId } = exchange;
  const graph = {
    'request-id': requestId,
    'client-request-id': clientRequestId,
    'x-ms-ags-diagnostic': JSON.stringify({ ServerInfo: { DataCenter: 'Simulated', Slice: 'E', Ring: '1' } }),
    'OData-Version': '4.0',
  };
  const type = exchange.toGraph
    ? 'application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8'
    : 'application/json; charset=utf-8';
  return {
    ...(exchange.toGraph && graph),
    'Cache-Control': 'no-cache',
    ...(reply.body !== undefined && { 'Content-Type': type }),
    ...reply.headers,
  };
}

export function headerOf(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}
