import { once } from 'node:events';
import { type RequestListener, type Server, createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

/** How long a client may take to send its headers, and all of its request: a whole policy over a slow line. */
const SLOWEST_HEADERS_MS = 15_000;
const SLOWEST_REQUEST_MS = 60_000;
/**
 * How long a connection without a request is kept. Longer than balancers keep theirs (nginx and AWS 60 s, Heroku 90 s), so that
 * it is they who close it: a request that they send while this end closes is lost.
 */
const IDLE_MS = 95_000;
/** How long pages under way may take at the end. Browsers also open connections in advance and send nothing over them. */
const LAST_ANSWERS_MS = 3_000;

export type Listening = {
  port: number;
  /**
   * Makes every client come back over another connection, and goes on answering for `turnAwayMs`, while balancers notice and
   * turn to other instances; then takes no more connections and answers what is under way.
   */
  stop(turnAwayMs: number): Promise<void>;
};

/** Answers HTTP with `app`. @throws Error of the port, such as EADDRINUSE */
export async function listen(app: RequestListener, port: number): Promise<Listening> {
  let turningAway = false;
  const server = createServer((req, res) => {
    // The connection then ends with an answer, and no request can be on its way into one that is being closed.
    if (turningAway) res.setHeader('Connection', 'close');
    app(req, res);
  });
  server.headersTimeout = SLOWEST_HEADERS_MS;
  server.requestTimeout = SLOWEST_REQUEST_MS;
  server.keepAliveTimeout = IDLE_MS;
  server.listen(port);
  await once(server, 'listening');
  const address = server.address();
  return {
    port: typeof address === 'object' && address ? address.port : port,
    async stop(turnAwayMs) {
      turningAway = true;
      if (turnAwayMs > 0) await sleep(turnAwayMs);
      await close(server);
    },
  };
}

async function close(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  server.closeIdleConnections();
  const cut = setTimeout(() => {
    server.closeAllConnections();
  }, LAST_ANSWERS_MS);
  await closed;
  clearTimeout(cut);
}
