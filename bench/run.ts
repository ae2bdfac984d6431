import { benchAdminList } from './adminList.js';
import { benchAtRest } from './atRest.js';
import { benchBulk } from './bulk.js';
import { benchDecide } from './decide.js';
import { benchFairness } from './fairness.js';
import { benchFormPage } from './formPage.js';
import { benchIdleSessions } from './idleSessions.js';
import { benchInstances } from './instances.js';
import { benchLicences } from './licences.js';
import { benchManySignUps } from './manySignUps.js';
import { benchOneClient } from './oneClient.js';
import { benchPolicyReload } from './policyReload.js';
import { benchProvisioning } from './provisioning.js';
import { figure, toTable, writeReport, type Row } from './report.js';
import { benchSignUps } from './signUps.js';
import { build } from './support/processes.js';
import { smoke } from './support/sized.js';

// A bench is no test: a target that is missed is shown, and the process ends well. It fails only where something is
// wrong: a sign-up that was accepted and is not stored, a guest who is there twice.

async function decisionsAndLoading(): Promise<Row[]> {
  const { rows, ratio, partners, loadMs, longestBlockMs } = await benchDecide();
  const slowest = Math.min(...rows.map(({ perSecond }) => perSecond));
  return [
    {
      what: `Decisions, ${rows.map(({ label }) => label).join(' and ')}`,
      portal: `${rows.map(({ perSecond }) => figure(perSecond, '/s')).join(' and ')}, ${figure(ratio)} times slower`,
      target: '> 300,000 /s, at most 1.5 times slower',
      met: slowest > 300_000 && ratio <= 1.5,
    },
    {
      what: `Load a policy of ${figure(partners)} partners`,
      portal: figure(loadMs, 'ms'),
      target: '< 1 s',
      met: loadMs < 1000,
    },
    {
      what: 'Longest block of a reload',
      portal: figure(longestBlockMs, 'ms'),
      target: '< 200 ms',
      met: longestBlockMs < 200,
    },
  ];
}

const measures: Record<string, () => Promise<Row[]>> = {
  formPage: benchFormPage,
  oneClient: benchOneClient,
  signUps: benchSignUps,
  decide: decisionsAndLoading,
  policyReload: benchPolicyReload,
  provisioning: benchProvisioning,
  bulk: benchBulk,
  fairness: benchFairness,
  adminList: benchAdminList,
  licences: benchLicences,
  atRest: benchAtRest,
  idleSessions: () => benchIdleSessions(),
  instances: () => benchInstances(),
  manySignUps: benchManySignUps,
};

// npm run bench -- [--smoke] [measure …]
const named = process.argv.slice(2).filter((argument) => argument !== '--smoke');
const chosen = named.length > 0 ? named : Object.keys(measures);

await build();
const rows: Row[] = [];
const failed: string[] = [];
for (const name of chosen) {
  console.log(`${name} …`);
  try {
    const measure = measures[name];
    if (!measure)
      throw new Error(`There is no such measure: choose from ${Object.keys(measures).join(', ')}`);
    rows.push(...(await measure()));
  } catch (error) {
    console.error(error);
    failed.push(name);
  }
}
if (failed.length > 0) {
  console.error(`Failed: ${failed.join(', ')}`);
  // What a failed measure has left running must not keep this process alive.
  process.exit(1);
}
if (smoke) {
  // Figures of tiny counts have no targets.
  console.log(`\n${toTable(rows.map(({ what, portal, bare = '' }) => ({ what, portal, bare })))}`);
} else if (named.length > 0) console.log(`\n${toTable(rows)}`);
else console.log(`\n${await writeReport(rows)}\n\nWritten to docs/benchmarks.md`);
