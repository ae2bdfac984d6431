import { ensureCertificate } from '../../simulator/certificate.js';
import { startBalancer, type Balancer } from '../support/balancer.js';
import { freePort } from '../support/freePort.js';
import { Visitor } from '../support/visitor.js';
import { waitFor } from '../support/waitFor.js';
import { openSite, type Ended, type PortalProcess, type Site, type SiteOptions } from './portalProcess.js';

/** Several instances of one site, with production's settings, behind a balancer that ends TLS. */
export type Cluster = {
  site: Site;
  balancer: Balancer;
  /** Origins of the instances, in order. */
  targets: string[];
  instance(index: number): PortalProcess;
  /** Ends an instance. */
  end(index: number, signal: NodeJS.Signals): Promise<Ended>;
  /** Starts one that has ended, and waits until the balancer turns to it. */
  start(index: number, env?: Record<string, string>): Promise<void>;
  /** Somebody with a browser and an address of their own. */
  newcomer(): Visitor;
  close(): Promise<void>;
};

export async function openCluster(count: number, options: SiteOptions = {}): Promise<Cluster> {
  const ports: number[] = [];
  while (ports.length < count) ports.push(await freePort());
  const targets = ports.map((port) => `http://localhost:${port}`);
  const balancer = await startBalancer(targets, {
    tls: await ensureCertificate('node_modules/.cache/simulator'),
  });
  const site = await openSite({
    ...options,
    env: {
      NODE_ENV: 'production',
      BASE_URL: balancer.url,
      TRUST_PROXY: '1',
      SESSION_SECRET: 'a-secret-of-several-instances-0123456789',
      ...options.env,
    },
  });
  const processes = new Map<number, PortalProcess>();
  let newcomers = 0;

  const instance = (index: number) => {
    const found = processes.get(index);
    if (!found) throw new Error(`Instance ${index} does not run`);
    return found;
  };
  const start = async (index: number, env: Record<string, string> = {}) => {
    processes.set(index, await site.start({ PORT: String(ports[index]), ...env }));
    await waitFor('the balancer to turn to it', () => balancer.inRotation().includes(targets[index] ?? ''));
  };
  const close = async () => {
    await site.close();
    await balancer.close();
  };
  await Promise.all(ports.map((_, index) => start(index))).catch(async (error: unknown) => {
    // Whoever has started all the same would go on after the test.
    await close();
    throw error;
  });
  return {
    site,
    balancer,
    targets,
    instance,
    start,
    end: (index, signal) => instance(index).end(signal),
    newcomer() {
      newcomers++;
      return new Visitor(balancer.url, { 'X-Forwarded-For': `198.18.${newcomers >> 8}.${newcomers & 255}` });
    },
    close,
  };
}
