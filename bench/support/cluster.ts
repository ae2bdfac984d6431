import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UNPACED_POLICY } from '../../test/support/aPolicy.js';
import { startBalancer, type Balancer } from '../../test/support/balancer.js';
import { IN_PRODUCTION, POLICY_NAME } from './portal.js';
import { freePort, startServer, type ServerProcess } from './processes.js';
import type { BenchStore } from './stores.js';
import { settingsOf, type Tenant } from './tenant.js';

export type BenchCluster = {
  balancer: Balancer;
  /** In milliseconds: from the start of each process to its first 200 at /readyz. */
  starts: number[];
  instance(index: number): ServerProcess;
  /** Kills an instance without a word and starts it again; resolves when it is ready. */
  killAndStart(index: number): Promise<void>;
  close(): Promise<void>;
};

/** Several compiled portals with production's settings on one store, with one policy file, behind a balancer. */
export async function startCluster(count: number, store: BenchStore, tenant: Tenant): Promise<BenchCluster> {
  const policyFile = join(store.env.DATA_DIR, POLICY_NAME);
  await writeFile(policyFile, JSON.stringify(UNPACED_POLICY));
  const ports: number[] = [];
  while (ports.length < count) ports.push(await freePort());
  const balancer = await startBalancer(ports.map((port) => `http://127.0.0.1:${port}`));
  const instances: ServerProcess[] = [];
  const starts: number[] = [];
  async function start(index: number): Promise<void> {
    const started = await startServer('dist/server.js', {
      ...store.env,
      ...settingsOf(tenant),
      ...IN_PRODUCTION,
      POLICY_FILE: policyFile,
      PORT: String(ports[index]),
    });
    starts.push(started.readyMs);
    instances[index] = started;
  }
  const instance = (index: number) => {
    const found = instances[index];
    if (!found) throw new Error(`There is no instance ${index}`);
    return found;
  };
  for (let index = 0; index < count; index++) await start(index);
  while (balancer.inRotation().length < count) await new Promise((resolve) => setTimeout(resolve, 50));
  return {
    balancer,
    starts,
    instance,
    async killAndStart(index) {
      await instance(index).kill();
      await start(index);
    },
    async close() {
      await balancer.close();
      await Promise.all(instances.map((one) => one.kill()));
    },
  };
}
