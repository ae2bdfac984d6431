import { startSimulator } from './simulator.js';

// The simulator as a process of its own: prints one line of JSON when it is ready.

function number(name: string, fallback: number): number {
  const text = process.env[name];
  const value = text === undefined || text === '' ? fallback : Number(text);
  if (Number.isInteger(value) && value >= 0) return value;
  throw new Error(`${name} must be a whole number, not "${text ?? ''}".`);
}

const simulator = await startSimulator({
  peoplePort: number('SIMULATOR_PORT', 4000),
  httpsPort: number('SIMULATOR_HTTPS_PORT', 4443),
  smtpPort: number('SIMULATOR_SMTP_PORT', 2525),
  certificateDir: process.env.SIMULATOR_DIR ?? '.data/simulator',
  latencyMs: number('SIMULATOR_LATENCY_MS', 0),
  replicationDelayMs: number('SIMULATOR_REPLICATION_MS', 2000),
});

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void simulator.close().then(() => process.exit(0)));
}
console.log(JSON.stringify(simulator));
