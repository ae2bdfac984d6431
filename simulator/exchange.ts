import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { decodePath, openEntry, type LedgerEntry } from './ledger.js';
import type { Reply } from './reply.js';
import type { Tenant } from './tenant.js';

const PREFIX = '/v1.0';

/** Replaces a secret or a token in the ledger. */
export const NOT_KEPT = '(not kept)';

/** A call as it came in, by itself or within a batch. */
export type Incoming = {
  method?: string | undefined;
  url?: string | undefined;
  headers: IncomingHttpHeaders;
};

/** One call over the back channel, and its entry in the ledger. */
export type Exchange = {
  tenant: Tenant;
  headers: IncomingHttpHeaders;
  url: URL;
  /** Decoded; for Graph what follows `/v1.0`. */
  path: string;
  toGraph: boolean;
  bodyText: string;
  body: unknown;
  requestId: string;
  clientRequestId: string;
  entry: LedgerEntry;
  /** Entries of the calls that a batch is made of: they arrive with its answer. */
  parts: LedgerEntry[];
};

/** Reads a call and opens its entry in the ledger. */
export function openExchange(tenant: Tenant, { headers, ...request }: Incoming, bodyText: string): Exchange {
  const url = new URL(request.url ?? '/', tenant.urls.backChannel);
  const toGraph = url.pathname.startsWith(`${PREFIX}/`);
  const body = readBody(headers, bodyText);
  const requestId = randomUUID();
  const method = request.method ?? 'GET';
  return {
    tenant,
    headers,
    url,
    path: decodePath(toGraph ? url.pathname.slice(PREFIX.length) : url.pathname),
    toGraph,
    bodyText,
    body,
    requestId,
    clientRequestId: headerOf(headers, 'client-request-id') ?? requestId,
    entry: openEntry(tenant.ledger, { method, url, headers, body }),
    parts: [],
  };
}

/** The parsed body; the secrets of a token request are left out, for it goes into the ledger. */
function readBody(headers: IncomingHttpHeaders, bodyText: string): unknown {
  if (bodyText === '') return undefined;
  if (headerOf(headers, 'content-type')?.startsWith('application/x-www-form-urlencoded')) {
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

export function headerOf(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value[0] : value;
}
