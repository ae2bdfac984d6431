import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { types } from 'node:util';
import { inEnglish } from '../language.js';
import { describe } from '../policy/describe.js';
import { explain } from '../policy/explain.js';
import type { LoadedPolicy } from '../policyFile/policyReading.js';
import { formatFault, PolicyError } from '../policyFile/faultTexts.js';
import { policyJsonSchema, type Partner, type PolicyDocument } from '../policy/schema.js';
import { seedPolicyFile } from '../policyFile/seedPolicyFile.js';
import { root } from '../root.js';
import { loadPolicy, policyPath } from './policyFile.js';

const USAGE = `Usage: npm run policy -- <command>

  check [file]                 Checks the policy and lists every error.
  explain <address> [--json]   Says what happens to this address, and why.
  schema                       Prints the JSON Schema of the policy file.
  init                         Writes a policy without partners, if there's no policy yet.

The policy file is POLICY_FILE, by default policies/partners.json.`;

// Exit codes; 64 is EX_USAGE of sysexits.h.
const EXIT = { ok: 0, faultyPolicy: 1, notWritten: 1, faultyAddress: 2, usage: 64 };

async function run([command, ...args]: string[]): Promise<number> {
  const json = args.includes('--json');
  const operands = args.filter((arg) => arg !== '--json');
  const [operand] = operands;
  if (command === 'check' && operands.length <= 1 && !json) return check(operand ?? policyPath());
  if (command === 'explain' && operand !== undefined && operands.length === 1)
    return explainAddress(operand, json);
  if (command === 'schema' && args.length === 0) {
    console.log(JSON.stringify(policyJsonSchema(), null, 2));
    return EXIT.ok;
  }
  if (command === 'init' && args.length === 0) return init(policyPath());
  console.error(USAGE);
  return EXIT.usage;
}

async function check(path: string): Promise<number> {
  const { policy, terms } = await loadPolicy(path);
  const { partners, apps, groups } = policy.document;
  const domains = partners.reduce((sum, partner) => sum + partner.domains.length, 0);
  const counts = [
    count(partners.length, 'partner'),
    count(domains, 'domain rule'),
    count(Object.keys(apps).length, 'app'),
    count(Object.keys(groups).length, 'group'),
  ];
  console.log(`${path} is OK: ${[...counts, ...termsIn(terms)].join(', ')}.`);
  for (const hint of proofHints(policy.document)) console.log(hint);
  return EXIT.ok;
}

/** What the proofs need besides the policy. The portal may run with other settings, so these are hints, not faults. */
function proofHints({ partners }: PolicyDocument): string[] {
  const requiring = (kind: Partner['proof']) =>
    partners.filter(({ proof }) => proof === kind).map(({ id }) => id);
  const verb = (ids: string[]) => `${ids.join(', ')} ${ids.length === 1 ? 'requires' : 'require'}`;
  const [mailbox, tenant] = [requiring('mailbox'), requiring('tenant')];
  const mailSet = (process.env.SMTP_URL ?? '') !== '';
  return [
    ...(mailbox.length > 0 && !mailSet
      ? [
          `${verb(mailbox)} proof of the mailbox: the portal doesn't start with this policy unless SMTP_URL is set.`,
        ]
      : []),
    ...(tenant.length > 0
      ? [
          `${verb(tenant)} a sign-in at the home tenant: the app registration must be open to other organisations ` +
            '(npm run doctor checks it).',
        ]
      : []),
  ];
}

function termsIn(terms: LoadedPolicy['terms']): string[] {
  const tags = terms?.texts.flatMap(({ language }) => language ?? []) ?? [];
  return terms ? [`terms of use${tags.length > 0 ? ` (${tags.join(', ')})` : ''}`] : [];
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

async function explainAddress(input: string, json: boolean): Promise<number> {
  const { policy } = await loadPolicy(policyPath());
  const explanation = explain(policy, input);
  console.log(json ? JSON.stringify(explanation, null, 2) : describe(explanation));
  return explanation.ok ? EXIT.ok : EXIT.faultyAddress;
}

async function init(path: string): Promise<number> {
  const starter = await readFile(join(root, 'policies', 'starter.json'), 'utf8');
  try {
    const written = await seedPolicyFile(path, starter);
    console.log(
      written
        ? `${path} was written. Nobody can sign up until you add partners, at /admin/partners or in the file.`
        : `${path} already exists and wasn't changed.`,
    );
    return EXIT.ok;
  } catch (error) {
    if (!types.isNativeError(error) || !('code' in error)) throw error;
    console.error(`${path} can't be written: ${error.message}`);
    return EXIT.notWritten;
  }
}

try {
  process.exitCode = await run(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof PolicyError)) throw error;
  for (const fault of error.faults) console.error(formatFault(inEnglish(), fault));
  process.exitCode = EXIT.faultyPolicy;
}
