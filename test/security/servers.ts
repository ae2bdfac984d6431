import { once } from 'node:events';
import http, { type RequestListener, type Server } from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { ensureCertificate } from '../../simulator/certificate.js';

export type TestServer = { url: string; close: () => Promise<void> };

/** A server on this machine. */
export function httpServer(listener: RequestListener): Promise<TestServer> {
  return listening(http.createServer(listener), 'http');
}

/** The same over TLS, with the certificate that test processes trust. */
export async function httpsServer(listener: RequestListener): Promise<TestServer> {
  const { key, cert } = await ensureCertificate('node_modules/.cache/simulator');
  return listening(https.createServer({ key, cert }, listener), 'https');
}

async function listening(server: Server, scheme: 'http' | 'https'): Promise<TestServer> {
  server.listen(0);
  await once(server, 'listening');
  return {
    url: `${scheme}://localhost:${(server.address() as AddressInfo).port}`,
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
