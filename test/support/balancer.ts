import { once } from 'node:events';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';

/** A request that did not reach its answer, or that no instance was there for. */
export type Lost = { method: string; path: string; target: string | null; why: string };

export type Balancer = {
  url: string;
  lost: Lost[];
  /** Whom it turns to at this moment. */
  inRotation(): string[];
  close(): Promise<void>;
};

export type BalancerOptions = {
  /** With it, TLS ends here. */
  tls?: { key: string; cert: string };
  probeMs?: number;
};

/** The header of each answer that names the instance it came from. */
export const SERVED_BY = 'x-served-by';

const PROBE_MS = 200;
const PROBE_TIMEOUT_MS = 2_000;

/**
 * What stands in front of several instances: gives each request to the next of those whose /readyz says so, over connections
 * that it keeps, and says for whom and how it came. Where nobody listens any more it turns to the next one; a request that
 * has been sent is never sent again, since it may have been done.
 *
 * It believes what a load says of its clients (X-Forwarded-For), which all come from this machine.
 *
 * @param targets origins of the instances, which need not be there yet
 */
export async function startBalancer(targets: string[], options: BalancerOptions = {}): Promise<Balancer> {
  const { tls, probeMs = PROBE_MS } = options;
  const agent = new http.Agent({ keepAlive: true });
  const probes = new http.Agent({ keepAlive: false });
  const ready = new Set<string>();
  const lost: Lost[] = [];
  const closing = new AbortController();
  let turn = 0;

  async function watch(target: string): Promise<void> {
    while (!closing.signal.aborted) {
      if (await isReady(target, probes)) ready.add(target);
      else ready.delete(target);
      await sleep(probeMs, undefined, { signal: closing.signal }).catch(() => undefined);
    }
  }

  /** Those in rotation, the next one first. */
  function inTurn(): string[] {
    const able = targets.filter((target) => ready.has(target));
    const first = able.length === 0 ? 0 : turn++ % able.length;
    return [...able.slice(first), ...able.slice(0, first)];
  }

  async function forward(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const body = await buffer(req);
    const { method = 'GET', url: path = '/' } = req;
    const give = (target: string | null, why: string) => {
      lost.push({ method, path, target, why });
      if (res.headersSent) res.destroy();
      else res.writeHead(502).end();
    };
    for (const target of inTurn()) {
      try {
        const answer = await send(target, req, body, agent, tls !== undefined);
        res.writeHead(answer.statusCode ?? 502, { ...withoutHops(answer.headers), [SERVED_BY]: target });
        await pipeline(answer, res);
        return;
      } catch (error) {
        const { code = '', message } = error as NodeJS.ErrnoException;
        if (code !== 'ECONNREFUSED') {
          give(target, `${code} ${message}`);
          return;
        }
        ready.delete(target);
      }
    }
    give(null, 'nobody is ready');
  }

  const listener = (req: IncomingMessage, res: ServerResponse) => {
    forward(req, res).catch(() => res.destroy());
  };
  const server = tls ? https.createServer(tls, listener) : http.createServer(listener);
  server.listen(0);
  await once(server, 'listening');
  const watching = Promise.all(targets.map(watch));
  return {
    url: `${tls ? 'https' : 'http'}://localhost:${(server.address() as AddressInfo).port}`,
    lost,
    inRotation: () => [...ready],
    async close() {
      closing.abort();
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      agent.destroy();
      await Promise.all([closed, watching]);
    },
  };
}

function send(
  target: string,
  { method, url = '/', headers, socket }: IncomingMessage,
  body: Buffer,
  agent: http.Agent,
  secure: boolean,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const request = http.request(new URL(url, target), {
      method,
      agent,
      headers: {
        ...withoutHops(headers),
        'x-forwarded-for': headers['x-forwarded-for'] ?? socket.remoteAddress,
        'x-forwarded-proto': secure ? 'https' : (headers['x-forwarded-proto'] ?? 'http'),
        'content-length': body.length,
      },
    });
    request.once('response', resolve);
    request.once('error', reject);
    request.end(body);
  });
}

/** What belongs to one connection alone (RFC 9110, 7.6.1). */
function withoutHops(headers: http.IncomingHttpHeaders): http.IncomingHttpHeaders {
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => !/^(connection|keep-alive|transfer-encoding)$/.test(name)),
  );
}

function isReady(target: string, agent: http.Agent): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = http.get(`${target}/readyz`, { agent, timeout: PROBE_TIMEOUT_MS }, (answer) => {
      answer.resume();
      resolve(answer.statusCode === 200);
    });
    probe.once('timeout', () => probe.destroy());
    probe.once('error', () => {
      resolve(false);
    });
  });
}
