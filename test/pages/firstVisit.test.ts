import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { createApp } from '../../src/app.js';
import { startPortal, type TestPortal } from '../support/portal.js';
import { aPolicy } from '../support/aPolicy.js';

// What a person on a slow phone waits for.

const MOST_BYTES = 30_000;
const MOST_REQUESTS = 4;

let portal: TestPortal;
let server: http.Server;

beforeAll(async () => {
  const policy = aPolicy({
    portal: { organization: 'Contoso', contact: 'partners@contoso.com', colour: '#b45309' },
  });
  portal = await startPortal({ worker: false, policy });
  server = createApp(portal.deps).listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterAll(async () => {
  server.close();
  await portal.close();
});

/** What goes over the wire for a path, headers included, and its text where it is not packed. */
function visit(path: string): Promise<{ bytes: number; text: string }> {
  const { port } = server.address() as AddressInfo;
  return new Promise((resolve, reject) => {
    const agent = new http.Agent();
    http
      .get({ port, path, agent, headers: { 'accept-encoding': 'gzip, br' } }, (response) => {
        let text = '';
        response.setEncoding('latin1').on('data', (part: string) => (text += part));
        response.once('end', () => {
          resolve({ bytes: response.socket.bytesRead, text });
        });
      })
      .once('error', reject);
  });
}

test('the form is 30 KB at most, in four requests, the icon and the colour among them', async () => {
  const page = await visit('/');
  const linked = [...page.text.matchAll(/<(?:link|script|img)\b[^>]*?(?:href|src)="([^"]+)"/g)].map(
    ([, path = '']) => path,
  );
  const parts = await Promise.all(linked.map(visit));
  expect(1 + linked.length).toBeLessThanOrEqual(MOST_REQUESTS);
  expect(linked).toContain('/theme.css');
  expect([page, ...parts].reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThanOrEqual(MOST_BYTES);
});
