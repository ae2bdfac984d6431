import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';
import { ensureCertificate } from '../../simulator/certificate.js';

/** What Application Insights is sent, as far as the tests look at it. */
export type Envelope = {
  name: string;
  tags: Record<string, string>;
  data: {
    baseType: 'RequestData' | 'RemoteDependencyData' | 'MetricData';
    baseData: {
      id: string;
      name?: string;
      success?: boolean;
      properties: Record<string, string>;
      metrics?: { name: string; value: number; count?: number }[];
    };
  };
};

/** The ingestion endpoint of an Application Insights, over HTTPS. */
export type Ingestion = {
  connectionString: string;
  /** Every body as it came. */
  bodies: string[];
  envelopes(): Envelope[];
  /** `hang`: takes what is sent and does not answer; `refuse`: answers 500. */
  mood: 'take' | 'hang' | 'refuse';
  /** Requests to any path. */
  asked: string[];
  close(): Promise<void>;
};

export async function startIngestion(): Promise<Ingestion> {
  const { key, cert } = await ensureCertificate('node_modules/.cache/simulator');
  const server = createServer({ key, cert }, (req, res) => {
    void buffer(req).then((body) => {
      ingestion.asked.push(`${req.method ?? ''} ${req.url ?? ''}`);
      ingestion.bodies.push(
        (req.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body).toString(),
      );
      if (ingestion.mood === 'hang') return;
      res.writeHead(ingestion.mood === 'take' ? 200 : 500, { 'Content-Type': 'application/json' });
      res.end(JSON.stringify({ itemsReceived: 1, itemsAccepted: 1, errors: [] }));
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const ingestion: Ingestion = {
    connectionString: connectionStringTo(port),
    bodies: [],
    asked: [],
    mood: 'take',
    envelopes: () => ingestion.bodies.flatMap((body) => JSON.parse(body) as Envelope[]),
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
  return ingestion;
}

export function connectionStringTo(port: number): string {
  return `InstrumentationKey=00000000-0000-4000-8000-00000000abcd;IngestionEndpoint=https://localhost:${port}/`;
}
