import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { pipeline, Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { createGzip } from 'node:zlib';
import { answerEntra } from './entra/entra.js';
import { domainsIn, takeHttpFault, type HttpFault } from './faults.js';
import { GraphError, errorBody } from './graph/errors.js';
import { answerGraph } from './graph/graph.js';
import { NOT_KEPT, headerOf, headersOf, openExchange, type Exchange } from './exchange.js';
import { decodePath } from './ledger.js';
import type { Reply } from './reply.js';
import type { Tenant } from './tenant.js';

// Graph and Entra as programs reach them. Operations return a reply instead of writing it, so that a fault can
// process a call and still hold back its answer.

/** The listener of the HTTPS port. */
export function backChannel(tenant: Tenant): RequestListener {
  return function handleCall(request, response) {
    answer(tenant, request, response).catch(() => request.socket.destroy());
  };
}

async function answer(tenant: Tenant, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const exchange = openExchange(tenant, request, response, await text(request));
  const { entry, toGraph, path } = exchange;
  if (toGraph && tenant.settings.latencyMs > 0)
    await sleep(tenant.settings.latencyMs, undefined, { ref: false });
  const call = { method: entry.method, path, domains: domainsOf(exchange) };
  const fault = takeHttpFault(tenant.faults, toGraph ? 'graph' : 'token', call);

  if (fault?.kind === 'reset' && fault.when === 'before') return void request.socket.destroy();
  if (fault?.kind === 'hang' && fault.when === 'before') await hang(fault.ms);
  if (request.socket.destroyed) return; // the caller gave up while it waited

  const reply = replacement(fault) ?? tenantReply(exchange);
  const headers = headersOf(exchange, reply);
  record(exchange, reply, headers);

  if (fault?.kind === 'size') {
    sendBytes(response, fault);
    return;
  }
  if (fault?.kind === 'reset') return void request.socket.destroy();
  if (fault?.kind === 'hang' && fault.when === 'after') await hang(fault.ms);
  send(exchange, reply, headers, fault?.kind === 'truncate');
}

/** The domains of the people that a call is about: it names them by address, or by the ids of their accounts. */
function domainsOf({ tenant, url, bodyText }: Exchange): Set<string> {
  const text = `${decodePath(url.href)} ${bodyText}`;
  const ids = text.match(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/gi) ?? [];
  const mails = ids.flatMap((id) => tenant.directory.users.get(id.toLowerCase())?.mail ?? []);
  return domainsIn([text, ...mails].join(' '));
}

/** An answer that is larger than anybody expects: zeros, as they come. */
function sendBytes(response: ServerResponse, { bytes, packed }: Extract<HttpFault, { kind: 'size' }>): void {
  const chunk = Buffer.alloc(64 * 1024, '0');
  const chunks = Math.ceil(bytes / chunk.length);
  response.writeHead(200, {
    'Content-Type': 'application/json',
    ...(packed && { 'Content-Encoding': 'gzip' }),
  });
  const body = Readable.from(Array.from({ length: chunks }, () => chunk));
  const sent = packed ? [body, createGzip(), response] : [body, response];
  // A caller that has read enough hangs up.
  pipeline(sent as [Readable, ServerResponse], () => undefined);
}

/** The tenant's own answer. */
function tenantReply(exchange: Exchange): Reply {
  const { tenant, entry, url, path, request, requestId, clientRequestId } = exchange;
  if (!exchange.toGraph) {
    entry.processed = true;
    const form = new URLSearchParams(exchange.bodyText);
    const { authorization } = request.headers;
    return answerEntra(tenant, { method: entry.method, path, query: url.searchParams, form, authorization });
  }
  try {
    const call = {
      method: entry.method,
      path,
      query: url.searchParams,
      authorization: request.headers.authorization,
      consistencyLevel: headerOf(request, 'consistencylevel'),
      body: exchange.body,
    };
    return answerGraph(tenant, call, () => (entry.processed = true));
  } catch (error) {
    const graphError =
      error instanceof GraphError ? error : new GraphError(500, 'SimulatorFault', String(error));
    const { status, headers } = graphError;
    return { status, headers, body: errorBody(graphError, requestId, clientRequestId) };
  }
}

/** What a fault answers instead of the tenant. */
function replacement(fault: HttpFault | undefined): Reply | undefined {
  if (fault?.kind === 'html') {
    const body = '<!doctype html><html><body><h1>Service unavailable</h1></body></html>';
    return { status: fault.status, headers: { 'Content-Type': 'text/html' }, body };
  }
  if (fault?.kind !== 'status') return undefined;
  const { status, headers, body, contentType } = fault;
  return {
    status,
    headers: { ...(contentType && { 'Content-Type': contentType }), ...headers },
    ...(body !== undefined && { body }),
  };
}

/** Before the answer is sent, so that the ledger also has answers that never arrive. */
function record({ entry, toGraph }: Exchange, reply: Reply, headers: Record<string, string>): void {
  entry.status = reply.status;
  entry.responseHeaders = Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]),
  );
  entry.responseBody = toGraph ? reply.body : withoutTokens(reply.body);
}

function withoutTokens(body: Reply['body']): Reply['body'] {
  if (typeof body !== 'object') return body;
  const tokens = ['access_token', 'id_token', 'refresh_token'].filter((name) => name in body);
  return { ...body, ...Object.fromEntries(tokens.map((name) => [name, NOT_KEPT])) };
}

function send(exchange: Exchange, reply: Reply, headers: Record<string, string>, truncated: boolean): void {
  const { response, entry } = exchange;
  if (response.destroyed) return;
  response.writeHead(reply.status, headers);
  const payload = typeof reply.body === 'object' ? JSON.stringify(reply.body) : (reply.body ?? '');
  if (truncated) return void response.end(payload.slice(0, payload.length / 2));
  response.once('finish', () => (entry.delivered = true));
  response.end(payload);
}

function hang(ms: number): Promise<void> {
  return sleep(ms, undefined, { ref: false });
}
