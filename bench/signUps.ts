import { aPartner, aPolicy } from '../test/support/aPolicy.js';
import { clientOf, filledIn, openForm, startPortal } from './support/portal.js';
import { benchServer, startServer } from './support/processes.js';
import { createStore, storeKinds, type BenchStore, type StoreKind } from './support/stores.js';
import { load } from './support/load.js';
import { median } from './support/numbers.js';
import { figure, type Row } from './report.js';
import { sized } from './support/sized.js';

const ROUNDS = sized(9, 1);
const SIGN_UPS = sized(300, 20);
const DOMAINS = 20;
const TARGETS: Record<StoreKind, number> = { embedded: 0.6, PostgreSQL: 0.7 };

/** The sign-ups of one domain wait for each other, and the brake lets five a second of it in: the load comes from several. */
const domainOf = (number: number) => `company${number % DOMAINS}.com`;
const policy = aPolicy({
  partners: [aPartner({ domains: Array.from({ length: DOMAINS }, (_, number) => domainOf(number)) })],
});

/** `POST /sign-up` up to its commit, on each kind of store. */
export async function benchSignUps(): Promise<Row[]> {
  const rows: Row[] = [];
  for (const kind of storeKinds) rows.push(await compare(kind));
  return rows;
}

async function compare(kind: StoreKind): Promise<Row> {
  const [portalStore, bareStore] = [await createStore(kind), await createStore(kind)];
  const portal = await startPortal(portalStore, {
    script: benchServer('unlimitedPortal'),
    policy: JSON.stringify(policy),
    env: { ACCEPT_ONLY: 'yes' },
  });
  const bare = await startServer(benchServer('bareSignUp'), bareStore.env);
  const { csrf, cookie } = await openForm(portal.url);
  const signUps = { portal: createLoad(portal.url, csrf, cookie), bare: createLoad(bare.url, csrf, cookie) };
  const rounds: { portal: number; bare: number }[] = [];
  for (let count = 0; count <= ROUNDS; count++) {
    const round = { bare: await signUps.bare(), portal: await signUps.portal() };
    if (count > 0) rounds.push(round); // the first one warms up
  }
  await Promise.all([portal.stop(), bare.stop()]);
  const stored = await requireRows(portalStore, SIGN_UPS * (ROUNDS + 1));
  await requireRows(bareStore, stored);
  await Promise.all([portalStore.remove(), bareStore.remove()]);
  const ratio = median(rounds.map((one) => one.portal / one.bare));
  return {
    what: `Sign-up accepted, ${kind}`,
    portal: figure(median(rounds.map((one) => one.portal)), '/s'),
    bare: figure(median(rounds.map((one) => one.bare)), '/s'),
    ratio,
    target: `ratio ≥ ${TARGETS[kind]}`,
    met: ratio >= TARGETS[kind],
  };
}

/** Returns what sends a round of sign-ups, never the same address twice, and gives how many a second were accepted. */
function createLoad(url: string, csrf: string, cookie: string): () => Promise<number> {
  let sent = 0;
  return async () => {
    const { perSecond, answers } = await load(
      {
        url,
        amount: SIGN_UPS,
        requests: [
          {
            method: 'POST',
            path: '/sign-up',
            setupRequest(request) {
              sent++;
              request.body = filledIn(`ana${sent}@${domainOf(sent)}`, csrf);
              request.headers = {
                'content-type': 'application/x-www-form-urlencoded',
                cookie,
                'x-forwarded-for': clientOf(sent),
              };
              return request;
            },
          },
        ],
      },
      303,
    );
    if (answers !== SIGN_UPS) throw new Error(`${answers} of ${SIGN_UPS} sign-ups were accepted`);
    return perSecond;
  };
}

/** Every 303 was a promise: a request that is due and an audit event each. */
async function requireRows(store: BenchStore, accepted: number): Promise<number> {
  const { requests, auditEvents, due } = await store.count();
  if ([requests, auditEvents, due].some((rows) => rows !== accepted)) {
    throw new Error(
      `${accepted} sign-ups were accepted; stored are ${requests} requests, of which ${due} are due, and ${auditEvents} events`,
    );
  }
  return requests;
}
