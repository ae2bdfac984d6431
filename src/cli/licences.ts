import { pipeline } from 'node:stream/promises';
import { Readable } from 'node:stream';
import { parseArgs } from 'node:util';
import { csvStream } from '../csv.js';
import { inEnglish } from '../language.js';
import { gapsInWords, needsInWords, trialInWords } from '../licences/inWords.js';
import { hasNoLicences, readReport, type LicenceReport } from '../licences/report.js';
import { reportRows } from '../licences/reportRows.js';
import type { Rule } from '../licences/rule.js';
import { answer, FIELDS, type Answer, type Question } from '../licences/trial.js';
import { TIERS } from '../policy/licensing.js';
import type { Policy } from '../policy/policy.js';
import { PolicyError } from '../policyFile/faultTexts.js';
import { loadPolicy, policyPath } from './policyFile.js';
import { explain, runOnStore, UsageError, type StoreCommand } from './storeCommand.js';

const USAGE = `Usage: npm run licences [-- --json | --csv]
       npm run licences -- try --rule 2017|2018 [--guests basic=50,p1=50] [--employee p1=3] [--affiliateMember p1=1]
                               [--affiliateGuest p1=4] [--homeLicensed p1=5] [--owned p1=10] [--json]
       npm run licences -- try --rule mau --active 51000 [--free 50000] --price 0.00325 [--json]
       npm run licences -- try --rule governance --touched 1000 --price 0.75 [--json]

Without \`try\` it says what the guests need who have access through this portal: by the policy of POLICY_FILE and the store of
DATABASE_URL, or else the embedded store in DATA_DIR (.data). \`try\` calculates with your numbers, and reads nothing.`;

const LOCALE = 'en-GB';

const LOCKED = 'Open the page /admin/licences instead, or stop the portal first.';

const args = process.argv.slice(2);
if (args[0] === 'try') tryOut(args.slice(1));
else await runOnStore({ usage: USAGE, locked: LOCKED, parse });

function parse(given: string[]): StoreCommand {
  const { values } = parseArgs({
    args: given,
    options: { json: { type: 'boolean' }, csv: { type: 'boolean' } },
  });
  if (values.json && values.csv) throw new UsageError('--json and --csv: choose one of them');
  return async (db) => {
    const policy = await policyInForce();
    if (!policy) return 1;
    const report = await readReport(db, policy, new Date());
    if (values.json) console.log(JSON.stringify(forPrograms(report), null, 2));
    else if (values.csv) await writeCsv(report);
    else print(report);
    return 0;
  };
}

async function policyInForce(): Promise<Policy | null> {
  try {
    return (await loadPolicy(policyPath())).policy;
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    console.error(error.message);
    return null;
  }
}

/** What is unknown is null, and no number. */
function forPrograms(report: LicenceReport) {
  if (report.owned.tiers !== null) return report;
  const unknown = { owned: null, covered: null, missing: null };
  const needsBy = (rule: Rule) =>
    Object.fromEntries(
      Object.entries(report.needs[rule]).map(([tier, need]) => [tier, { ...need, ...unknown }]),
    );
  return { ...report, needs: { '2017': needsBy('2017'), '2018': needsBy('2018') } };
}

async function writeCsv(report: LicenceReport): Promise<void> {
  const { header, rows } = reportRows(inEnglish(), LOCALE, report);
  await pipeline(Readable.from(rows), csvStream(header, { bom: false }), process.stdout, { end: false });
}

function print(report: LicenceReport): void {
  const t = inEnglish();
  const { owned, partners, saysTiers, notAllowed } = report;
  if (!saysTiers) console.log(t('licences.noTiers.title'));
  if (hasNoLicences(owned)) console.log(t('licences.none'));
  else if (owned.tiers === null) console.log(t('licences.unknown'));
  for (const sentence of needsInWords(t, LOCALE, report)) console.log(sentence);
  for (const { name, id, kind, total, tiers } of partners) {
    const named = TIERS.filter((tier) => tiers[tier]).map((tier) => `${tier} ${tiers[tier] ?? 0}`);
    console.log(
      `  ${name ?? id ?? t('licences.noPartner')}: ${total}, ${t(`licences.kind.${kind}`)} (${named.join(', ')})`,
    );
  }
  if (owned.source === 'typed') console.log('The number of licences was typed in, and not checked.');
  const { length: count } = notAllowed;
  if (count > 0) console.log(t('licences.notAllowed', { count, number: count.toLocaleString(LOCALE) }));
  for (const gap of gapsInWords(t, LOCALE, report)) console.log(`- ${gap}`);
}

/** Answers a question without a store, settings or a tenant. */
function tryOut(given: string[]): void {
  try {
    const { values } = parseArgs({
      args: given,
      options: {
        ...Object.fromEntries(FIELDS.map((field) => [field, { type: 'string' as const }])),
        json: { type: 'boolean' as const },
      },
    });
    const { json, ...question } = values as Question & { json?: boolean };
    const answered = answer(question);
    if (!answered.ok) {
      const { field, code, value } = answered.fault;
      throw new UsageError(inEnglish()(`licences.try.fault.${code}`, { field: `--${field}`, value }));
    }
    console.log(json ? JSON.stringify(answered.answer) : inWords(answered.answer));
  } catch (error) {
    const explained = explain(error, { usage: USAGE, locked: LOCKED });
    if (!explained) throw error;
    console.error(explained.text);
    process.exitCode = explained.code;
  }
}

function inWords(answered: Answer): string {
  const t = inEnglish();
  const number = (value: number) => value.toLocaleString(LOCALE, { maximumFractionDigits: 6 });
  if (!('tiers' in answered)) {
    const { billable, cost } = answered;
    return t('licences.try.bill', { count: billable, number: number(billable), cost: number(cost) });
  }
  const { tiers } = answered;
  const lines = TIERS.flatMap((tier) => (tiers[tier] ? [trialInWords(t, LOCALE, tier, tiers[tier])] : []));
  return lines.length > 0 ? lines.join('\n') : t('licences.nobody');
}
