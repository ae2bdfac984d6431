import { AsyncLocalStorage } from 'node:async_hooks';
import { once } from 'node:events';
import http from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import express from 'express';
import { createApp } from '../../src/app.js';
import { turns } from '../../src/http/turns.js';
import { waitFor } from '../support/waitFor.js';
import { startPortal, type TestPortal } from '../support/portal.js';

const CONNECTIONS = 20;

let portal: TestPortal;
let server: http.Server;
const agent = new http.Agent({ keepAlive: true });

beforeAll(async () => {
  portal = await startPortal({ worker: false });
  const { config } = portal.deps;
  server = createApp({ ...portal.deps, config: { ...config, trustProxy: 1 } }).listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterAll(async () => {
  agent.destroy();
  server.close();
  await portal.close();
});

/** Asks for the form, and notes the client when the answer is there. */
function ask(client: string, answered: string[]): Promise<void> {
  const { port } = server.address() as AddressInfo;
  return new Promise((resolve, reject) => {
    http
      .get({ port, agent, headers: { 'X-Forwarded-For': client } }, (response) => {
        text(response).then(() => {
          answered.push(client);
          resolve();
        }, reject);
      })
      .once('error', reject);
  });
}

/** Who was answered, in that order, when one client asks over twenty connections, and then another one over its own. */
async function orderOf(crowd: string[], after: string): Promise<string[]> {
  const answered: string[] = [];
  await Promise.all([...crowd, after].map((client) => ask(client, answered)));
  return answered;
}

test('one client with twenty connections does not make others wait for twenty pages', async () => {
  const crowd = Array.from({ length: CONNECTIONS }, () => '192.0.2.1');
  await orderOf(crowd, '192.0.2.2'); // opens the connections
  const order = await orderOf(crowd, '192.0.2.2');
  expect(order).toHaveLength(CONNECTIONS + 1);
  expect(order.indexOf('192.0.2.2')).toBeLessThan(CONNECTIONS / 2);
});

describe('the turns of one client', () => {
  let handled: string[];
  let bare: http.Server;
  const trace = new AsyncLocalStorage<string>();

  beforeEach(async () => {
    handled = [];
    const app = express();
    app.use((req, _res, next) => {
      trace.run(req.url, next);
    });
    app.use(turns());
    app.use((req, res) => {
      handled.push(`${req.url} in ${trace.getStore()}`);
      // As long as a page takes.
      const until = performance.now() + 3;
      while (performance.now() < until);
      res.end();
    });
    bare = app.listen(0, '127.0.0.1');
    await once(bare, 'listening');
  });
  afterEach(() => {
    bare.closeAllConnections();
    bare.close();
  });

  const port = () => (bare.address() as AddressInfo).port;

  /** Sends requests over one connection without waiting for answers. */
  async function pipeline(paths: string[]): Promise<{ answers: () => string; close: () => void }> {
    const socket = connect(port(), '127.0.0.1');
    await once(socket, 'connect');
    let answers = '';
    socket.setEncoding('latin1').on('data', (part: string) => (answers += part));
    socket.write(paths.map((path) => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`).join(''));
    return { answers: () => answers, close: () => socket.destroy() };
  }

  test('keep the trace of each request', async () => {
    const paths = Array.from({ length: 8 }, (_, number) => `/${number}`);
    const { close } = await pipeline(paths);
    await waitFor('all of them', () => handled.length === paths.length);
    close();
    expect(handled).toEqual(paths.map((path) => `${path} in ${path}`));
  });

  test('are not for the checks of a balancer', async () => {
    const { close } = await pipeline(Array<string>(100).fill('/'));
    await waitFor('the first', () => handled.length > 0);
    await fetch(`http://127.0.0.1:${port()}/readyz`);
    expect(handled.length).toBeLessThan(50);
    close();
  });

  test('are not taken for connections that are closed, and a queue has an end', async () => {
    const { answers, close } = await pipeline(Array<string>(1_000).fill('/'));
    await waitFor('the refusal', () => answers().includes('429'));
    close();
    await waitFor('the end of the work', async () => {
      const before = handled.length;
      await sleep(100);
      return handled.length === before;
    });
    expect(handled.length).toBeLessThan(300);
    await fetch(`http://127.0.0.1:${port()}/after`);
    expect(handled.at(-1)).toBe('/after in /after');
  });
});
