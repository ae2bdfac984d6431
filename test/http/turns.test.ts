import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { createApp } from '../../src/app.js';
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
