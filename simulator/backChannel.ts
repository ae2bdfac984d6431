import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { pipeline, Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { createGzip } from 'node:zlib';
import { answerEntra } from './entra/entra.js';
import { domainsIn, takeHttpFault, type HttpFault } from './faults.js';
import { BATCH_PATH, readBatch, type BatchItem } from './graph/batch.js';
import { GraphError, errorBody } from './graph/errors.js';
import { answerGraph, requireToken } from './graph/graph.js';
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
  const exchange = openExchange(tenant, request, await text(request));
  const { toGraph } = exchange;
  if (toGraph && tenant.settings.latencyMs > 0)
    await sleep(tenant.settings.latencyMs, undefined, { ref: false });
  const fault = takeFault(exchange);

  if (fault?.kind === 'reset' && fault.when === 'before') return void request.socket.destroy();
  if (fault?.kind === 'hang' && fault.when === 'before') await hang(fault.ms);
  if (request.socket.destroyed) return; // the caller gave up while it waited

  const reply =
    replacement(fault) ?? (isBatch(exchange) ? await batchReply(exchange) : tenantReply(exchange));
  const headers = headersOf(exchange, reply);
  record(exchange, reply, headers);

  if (fault?.kind === 'size') {
    sendBytes(response, fault);
    return;
  }
  if (fault?.kind === 'reset') return void request.socket.destroy();
  if (fault?.kind === 'hang' && fault.when === 'after') await hang(fault.ms);
  send(exchange, response, { reply, headers, truncated: fault?.kind === 'truncate' });
}

function isBatch({ toGraph, path, entry }: Exchange): boolean {
  return toGraph && path === BATCH_PATH && entry.method === 'POST';
}

function takeFault(exchange: Exchange): HttpFault | undefined {
  const { tenant, toGraph, path, entry } = exchange;
  // A fault for one domain strikes the calls within a batch that name it, not the batch.
  const domains = isBatch(exchange) ? new Set<string>() : domainsOf(exchange);
  return takeHttpFault(tenant.faults, toGraph ? 'graph' : 'token', { method: entry.method, path, domains });
}

/** The answer to a batch: each of its calls as if it had come alone, all at once, and in no order to rely on. */
async function batchReply(exchange: Exchange): Promise<Reply> {
  try {
    requireToken(exchange.tenant, exchange.headers.authorization);
    const items = readBatch(exchange.body);
    exchange.entry.processed = true;
    const responses = await Promise.all(items.map((item) => answerPart(exchange, item)));
    return { status: 200, body: { responses: responses.reverse() } };
  } catch (error) {
    return refusal(exchange, error);
  }
}

/** One call of a batch. It has an entry in the ledger as any other; a connection of its own, which could break, it has not. */
async function answerPart(batch: Exchange, { id, method, url, headers, body }: BatchItem): Promise<object> {
  const own = { ...headers, authorization: batch.headers.authorization };
  const text = body === undefined ? '' : JSON.stringify(body);
  const part = openExchange(batch.tenant, { method, url: `/v1.0${url}`, headers: own }, text);
  batch.parts.push(part.entry);
  const fault = takeFault(part);
  if (fault?.kind === 'hang' && fault.when === 'before') await hang(fault.ms);
  const never = fault?.kind === 'size' || (fault?.kind === 'reset' && fault.when === 'before');
  const whole = replacement(fault) ?? (never ? GATEWAY_TIMEOUT : tenantReply(part));
  if (fault?.kind === 'hang' && fault.when === 'after') await hang(fault.ms);
  const lost = fault?.kind === 'reset' || fault?.kind === 'truncate';
  const reply = lost ? GATEWAY_TIMEOUT : whole;
  const answered = headersOf(part, reply);
  record(part, reply, answered);
  // What is no JSON comes in base64.
  const shown = typeof reply.body === 'string' ? Buffer.from(reply.body).toString('base64') : reply.body;
  return { id, status: reply.status, headers: answered, ...(shown !== undefined && { body: shown }) };
}

/** What a gateway in front of the directory says when the connection behind it breaks. */
const GATEWAY_TIMEOUT: Reply = {
  status: 504,
  body: { error: { code: 'UnknownError', message: '' } },
};

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
  const { tenant, entry, url, path, headers } = exchange;
  if (!exchange.toGraph) {
    entry.processed = true;
    const form = new URLSearchParams(exchange.bodyText);
    const { authorization } = headers;
    return answerEntra(tenant, { method: entry.method, path, query: url.searchParams, form, authorization });
  }
  try {
    const call = {
      method: entry.method,
      path,
      query: url.searchParams,
      authorization: headers.authorization,
      consistencyLevel: headerOf(headers, 'consistencylevel'),
      body: exchange.body,
    };
    return answerGraph(tenant, call, () => (entry.processed = true));
  } catch (error) {
    return refusal(exchange, error);
  }
}

function refusal({ requestId, clientRequestId }: Exchange, error: unknown): Reply {
  const graphError =
    error instanceof GraphError ? error : new GraphError(500, 'SimulatorFault', String(error));
  const { status, headers } = graphError;
  return { status, headers, body: errorBody(graphError, requestId, clientRequestId) };
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

function send(
  { entry, parts }: Exchange,
  response: ServerResponse,
  { reply, headers, truncated }: { reply: Reply; headers: Record<string, string>; truncated: boolean },
): void {
  if (response.destroyed) return;
  response.writeHead(reply.status, headers);
  const payload = typeof reply.body === 'object' ? JSON.stringify(reply.body) : (reply.body ?? '');
  if (truncated) return void response.end(payload.slice(0, payload.length / 2));
  response.once('finish', () => {
    for (const one of [entry, ...parts]) one.delivered = true;
  });
  response.end(payload);
}

function hang(ms: number): Promise<void> {
  return sleep(ms, undefined, { ref: false });
}
