import { aPartner, aPolicy, GROUPS } from '../test/support/aPolicy.js';
import { haveGuests } from '../test/support/guests.js';
import { createLog } from '../src/log.js';
import { forecast } from '../src/licences/forecast.js';
import { peopleOfPartner, readStanding, recentStanding } from '../src/licences/standing.js';
import { readReport } from '../src/licences/report.js';
import { compilePolicy } from '../src/policy/policy.js';
import { validatePolicy } from '../src/policy/validate.js';
import { openStore } from '../src/store/database.js';
import { figure, type Row } from './report.js';
import { median, percentile } from './support/numbers.js';
import { sized } from './support/sized.js';
import { createStore, storeKinds } from './support/stores.js';

const GUESTS = sized(100_000, 200);
const ROUNDS = sized(15, 2);
const REPORT_MS = 500;
const FORECAST_MS = 20;

/** The report on licences over many guests, each with two groups, and the forecast beside a decision. */
export async function benchLicences(): Promise<Row[]> {
  if (!storeKinds.includes('PostgreSQL')) {
    console.log('skipped: so many guests are for PostgreSQL, and DATABASE_URL names none');
    return [];
  }
  const kept = await createStore('PostgreSQL');
  const store = await openStore(
    { databaseUrl: kept.env.DATABASE_URL, dataDir: kept.env.DATA_DIR },
    createLog('warn'),
  );
  const apps = aPolicy().apps as Record<string, object>;
  const validated = await validatePolicy(
    JSON.stringify(aPolicy({ apps: { ...apps, crm: { ...apps.crm, tier: 'p1' } }, partners: [aPartner()] })),
  );
  if (!validated.ok) throw new Error('The policy is faulty');
  const policy = await compilePolicy(validated.document);
  await haveGuests(store.db, {
    partner: 'fabrikam',
    count: GUESTS,
    groups: [GROUPS.partners, GROUPS.crm],
  });
  const report = await timed(async () => {
    const { total } = await readReport(store.db, policy, new Date());
    if (total !== GUESTS) throw new Error(`The report counts ${total} guests of ${GUESTS}`);
  });
  const standing = await timed(() => readStanding(store.db, policy, new Date()));
  await recentStanding(store.db, policy);
  const beside = await timed(async () => {
    const recent = await recentStanding(store.db, policy);
    if (forecast(recent, peopleOfPartner(policy, 'fabrikam', 1)).length !== 1)
      throw new Error('The forecast says nothing of the next guest');
  });
  await store.close();
  await kept.remove();
  const both = (times: number[]) =>
    `${figure(median(times), 'ms')}, p90 ${figure(percentile(times, 90), 'ms')}`;
  const guests = GUESTS.toLocaleString('en');
  return [
    {
      what: `Report on licences of ${guests} guests, PostgreSQL`,
      portal: both(report),
      target: `median < ${REPORT_MS} ms`,
      met: median(report) < REPORT_MS,
    },
    {
      what: `Count of ${guests} guests for \`limits.licences\`, PostgreSQL`,
      portal: both(standing),
    },
    {
      what: 'Forecast beside a decision, by a shared count',
      portal: both(beside),
      target: `median < ${FORECAST_MS} ms`,
      met: median(beside) < FORECAST_MS,
    },
  ];
}

async function timed(work: () => Promise<unknown>): Promise<number[]> {
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now();
    await work();
    times.push(performance.now() - start);
  }
  return times;
}
