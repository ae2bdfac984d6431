import { types } from 'node:util';
import { ConfigError, loadConfig, type Config } from '../config.js';
import { faultFindings } from '../doctor/checks/policy.js';
import { examine } from '../doctor/examine.js';
import { finding, LEVELS, type Finding, type Level } from '../doctor/finding.js';
import { describeFinding } from '../doctor/describeFinding.js';
import { createGraph } from '../graph/graph.js';
import { inEnglish } from '../language.js';
import { createLog, type Log } from '../log.js';
import { createMailer } from '../mail/mailer.js';
import { PolicyError } from '../policyFile/faultTexts.js';
import { openPolicyFile, type PolicyFile } from '../policyFile/policyFile.js';
import { proofFaults } from '../policyFile/policyReading.js';
import { isStoreMade, openStore, type Store } from '../store/database.js';
import { LockedError } from '../store/exclusiveLock.js';

const USAGE = `Usage: npm run doctor [-- --json]

Checks the settings in the environment against the tenant, the mail server, the policy and the store, and says what to fix.
Changes nothing and sends nothing. The exit code is 1 if something needs fixing, otherwise 0.`;

/** 64 is EX_USAGE of sysexits.h. */
const EXIT = { ok: 0, bad: 1, usage: 64 };

async function run(args: string[]): Promise<number> {
  if (args.some((arg) => arg !== '--json')) {
    console.error(USAGE);
    return EXIT.usage;
  }
  const findings = await examineSite();
  print(findings, args.includes('--json'));
  return findings.some(({ level }) => level === 'bad') ? EXIT.bad : EXIT.ok;
}

/** Opens the parts of a portal that can be opened without disturbing a running one. */
async function examineSite(): Promise<Finding[]> {
  const settings = readSettings();
  if ('findings' in settings) return settings.findings;
  const { config } = settings;
  const log = createLog('error', { write: (line) => void process.stderr.write(line) });
  const [policy, store] = await Promise.all([openPolicy(config), openSiteStore(config, log)]);
  const mailer = createMailer(config.mail);
  try {
    const graph = createGraph(config, log);
    const patient = { config, log, graph, mailer, policy: policy.opened, store: store.opened };
    return [...policy.findings, ...store.findings, ...(await examine(patient))];
  } finally {
    policy.opened?.close();
    mailer?.close();
    await store.opened?.close();
  }
}

function readSettings(): { config: Config } | { findings: Finding[] } {
  try {
    return { config: loadConfig(process.env) };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return {
      findings: error.faults.map((fault) => {
        const [, setting = '', message = fault] = /^(\w+): (.*)$/s.exec(fault) ?? [];
        return finding('settings', 'fault', { setting, message });
      }),
    };
  }
}

type Opening<T> = { opened: T | null; findings: Finding[] };

async function openPolicy(config: Config): Promise<Opening<PolicyFile>> {
  try {
    return {
      opened: await openPolicyFile(config.policyFile, { check: proofFaults(config.mail !== null) }),
      findings: [],
    };
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    return { opened: null, findings: faultFindings(error.faults) };
  }
}

async function openSiteStore(config: Config, log: Log): Promise<Opening<Store>> {
  if (!isStoreMade(config)) {
    return { opened: null, findings: [finding('store', 'notMade', { folder: config.dataDir })] };
  }
  try {
    return { opened: await openStore(config, log, { migrate: false }), findings: [] };
  } catch (error) {
    const found =
      error instanceof LockedError
        ? finding('store', 'inUse', { url: `${config.baseUrl}/admin/doctor` })
        : finding('store', 'unusable', {
            message: types.isNativeError(error) ? error.message : String(error),
          });
    return { opened: null, findings: [found] };
  }
}

const MARKS: Record<Level, string> = { bad: '✗', warning: '!', unknown: '?', good: '✓' };

function print(findings: Finding[], json: boolean): void {
  const t = inEnglish();
  const sorted = LEVELS.flatMap((level) => findings.filter((found) => found.level === level));
  if (json) {
    const described = sorted.map((found) => ({ ...found, ...describeFinding(t, found) }));
    console.log(JSON.stringify({ at: new Date().toISOString(), findings: described }, null, 2));
    return;
  }
  for (const found of sorted) {
    const { title, text, advice } = describeFinding(t, found);
    console.log(`${MARKS[found.level]} ${title}: ${text}`);
    if (advice !== null) console.log(`    ${advice}`);
  }
  const counts = LEVELS.map((level) => `${sorted.filter((found) => found.level === level).length} ${level}`);
  console.log(`\n${counts.join(', ')}`);
}

process.exitCode = await run(process.argv.slice(2));
