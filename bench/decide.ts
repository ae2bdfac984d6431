import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { pathToFileURL } from 'node:url';
import { parseAddress } from '../src/policy/address.js';
import { decide } from '../src/policy/decide.js';
import { compilePolicy, type Policy } from '../src/policy/policy.js';
import { openPolicyFile } from '../src/policyFile/policyFile.js';
import { validatePolicy } from '../src/policy/validate.js';
import { policyText } from './support/policyText.js';
import { sized } from './support/sized.js';

export type DecideBench = {
  name: string;
  rows: { label: string; perSecond: number }[];
  /** How many times slower a decision is with 100,000 domains than with 10. */
  ratio: number;
  /** How many partners the file has. */
  partners: number;
  /** Milliseconds to open it, and the longest block of the event loop during a reload. */
  loadMs: number;
  longestBlockMs: number;
};

const FEW = 10;
const MANY = sized(100_000, 1_000);
const PARTNERS = sized(10_000, 100);
const DECISIONS = sized(400_000, 2_000);

/** Measures decisions, parsing included, and the loading of a large policy. Targets: 300,000/s, 1.5 times, 1 s, 200 ms. */
export async function benchDecide(): Promise<DecideBench> {
  const few = decisionsPerSecond(await policyOf(FEW), FEW);
  const many = decisionsPerSecond(await policyOf(MANY), MANY);
  return {
    name: 'decide',
    partners: PARTNERS,
    rows: [
      { label: `${FEW} domains`, perSecond: few },
      { label: `${MANY.toLocaleString('en')} domains`, perSecond: many },
    ],
    ratio: few / many,
    ...(await measureLoading()),
  };
}

function decisionsPerSecond(policy: Policy, domains: number): number {
  const typed = Array.from({ length: 1000 }, (_, index) => typedAddress(index, domains));
  run(policy, typed, DECISIONS / 4);
  const rounds = Array.from({ length: 3 }, () => {
    const start = performance.now();
    run(policy, typed, DECISIONS);
    return (DECISIONS / (performance.now() - start)) * 1000;
  });
  return Math.round(Math.max(...rounds));
}

// Exact domains, domains below a wildcard, and strangers, spread over the whole policy.
function typedAddress(index: number, domains: number): string {
  // A company has two rules.
  const number = (index * 7919) % (domains / 2);
  const hosts = [`company${number}.com`, `mail.eu.company${number}.com`, `stranger${number}.org`];
  return `First.Last${index}@${hosts[index % hosts.length] ?? ''}`;
}

function run(policy: Policy, typed: string[], times: number): void {
  for (let count = 0; count < times; count++) {
    const parsed = parseAddress(typed[count % typed.length]);
    if (parsed.ok) decide(policy, parsed);
  }
}

async function measureLoading(): Promise<{ loadMs: number; longestBlockMs: number }> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-policy-'));
  const path = join(folder, 'partners.json');
  try {
    await writeFile(path, policyText(PARTNERS));
    const start = performance.now();
    const file = await openPolicyFile(path);
    const loadMs = Math.round(performance.now() - start);
    await writeFile(path, policyText(PARTNERS, 'Contoso Ltd'));
    const delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    await file.reload();
    delay.disable();
    file.close();
    return { loadMs, longestBlockMs: Math.round(delay.max / 1e6) };
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function policyOf(domains: number): Promise<Policy> {
  const validated = await validatePolicy(policyText(domains / 2));
  if (!validated.ok) throw new Error('The policy of the bench is faulty');
  return compilePolicy(validated.document);
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  console.log(await benchDecide());
}
