import { sql } from 'kysely';
import { GENESIS, hashOf } from '../../src/audit/chain.js';
import { sealNewEvents } from '../../src/audit/seal.js';
import { verifyAudit } from '../../src/audit/verify.js';
import type { Db } from '../../src/store/schema.js';
import { aTrail, emptyTrail, tamper } from '../support/auditTrail.js';
import { openTestStore, type TestStore } from '../support/openTestStore.js';

let store: TestStore;

beforeAll(async () => {
  store = await openTestStore();
});
afterAll(() => store.remove());

// Each test tampers with a trail of twelve events, whose ids are their places.
beforeEach(async () => {
  await emptyTrail(store.db);
  await aTrail(store.db, 12);
});

/** Findings as `kind seq` or `kind seq-lastSeq`. */
async function found(db: Db, noted?: Parameters<typeof verifyAudit>[1]): Promise<string[]> {
  const { findings } = await verifyAudit(db, noted);
  return findings.map(({ kind, seq, lastSeq, eventId }) =>
    [kind, seq === null ? `event ${eventId ?? '?'}` : lastSeq === null ? seq : `${seq}-${lastSeq}`].join(' '),
  );
}

const event = (id: number, set: string) => `update audit_event set ${set} where id = ${id}`;
const seal = (seq: number, set: string) => `update audit_seal set ${set} where seq = ${seq}`;
const forget = (condition: string) => `delete from audit_event where ${condition}`;
const unseal = (condition: string) => `delete from audit_seal where ${condition}`;
const FORGED = `sha256('forged')`;
/** Exchanges a column's values between two seals. */
const exchange = (columns: string[], one: number, other: number) => {
  const swapped = columns.map((column) => `${column} = other.${column}`).join(', ');
  return `update audit_seal s set ${swapped} from audit_seal other
    where (s.seq, other.seq) in ((${one}, ${other}), (${other}, ${one}))`;
};
const move = (from: number, to: number) => seal(from, `seq = ${to}`);
const without = (constraint: string) => `alter table audit_seal drop constraint if exists ${constraint}`;

type Case = [fact: string, statements: string[], findings: string[]];

const CASES: Case[] = [
  ['nothing was touched', [], []],
  ['the detail of an event was edited', [event(5, `detail = '{"number": 6}'`)], ['eventEdited 5']],
  [
    'a number was edited beyond what JavaScript tells apart',
    [event(5, `detail = '{"number": 5.0}'`)],
    ['eventEdited 5'],
  ],
  ['the actor was edited', [event(1, `actor = 'partner'`)], ['eventEdited 1']],
  ['the action of the last event was edited', [event(12, `action = 'request.denied'`)], ['eventEdited 12']],
  [
    'a moment was edited by a microsecond',
    [event(5, `at = at + interval '1 microsecond'`)],
    ['eventEdited 5'],
  ],
  [
    'a moment was moved before Christ',
    [event(5, `at = (at::timestamp::text || ' BC')::timestamp`)],
    ['eventEdited 5'],
  ],
  ['an event was given to a request', [event(5, `request_id = gen_random_uuid()`)], ['eventEdited 5']],
  [
    'an event was edited, and its digest made to fit',
    [event(5, `actor = 'x'`), seal(5, `event_digest = ${FORGED}`)],
    ['eventEdited 5'],
  ],
  [
    'two neighbours were edited',
    [event(5, `actor = 'x'`), event(6, `actor = 'x'`)],
    ['eventEdited 5', 'eventEdited 6'],
  ],
  [
    'two far from each other were',
    [event(2, `actor = 'x'`), event(9, `actor = 'x'`)],
    ['eventEdited 2', 'eventEdited 9'],
  ],
  ['an event was deleted', [forget('id = 5')], ['eventDeleted 5']],
  ['the last event was deleted', [forget('id = 12')], ['eventDeleted 12']],
  ['several were', [forget('id in (1, 5, 6)')], ['eventDeleted 1', 'eventDeleted 5', 'eventDeleted 6']],
  [
    'an event was deleted together with its seal',
    [forget('id = 5'), unseal('seq = 5')],
    ['sealsMissing 5-5'],
  ],
  ['several in a row were', [forget('id < 4'), unseal('seq < 4')], ['sealsMissing 1-3']],
  [
    'the gap was closed',
    [
      forget('id = 5'),
      unseal('seq = 5'),
      'update audit_seal set seq = -seq where seq > 5',
      'update audit_seal set seq = -seq - 1 where seq < 0',
    ],
    ['chainBroken 5-11'],
  ],
  ['the hash of a seal was changed', [seal(5, `hash = ${FORGED}`)], ['chainBroken 5']],
  ['the hash of the first seal was', [seal(1, `hash = ${FORGED}`)], ['chainBroken 1']],
  ['the hash of the last seal was', [seal(12, `hash = ${FORGED}`)], ['chainBroken 12']],
  [
    'the hash of the first seal behind a gap was',
    [forget('id = 5'), unseal('seq = 5'), seal(6, `hash = ${FORGED}`)],
    ['sealsMissing 5-5', 'chainBroken 6'],
  ],
  ['the digest of a seal was changed', [seal(5, `event_digest = ${FORGED}`)], ['chainBroken 5']],
  [
    'several hashes in a row were',
    [seal(5, `hash = ${FORGED}`), seal(6, `hash = ${FORGED}`)],
    ['chainBroken 5-6'],
  ],
  [
    'a seal was put before the first',
    [`insert into audit_seal (seq, event_id, event_digest, hash) values (0, 99, ${FORGED}, ${FORGED})`],
    ['chainBroken 0'],
  ],
  [
    'the events of two seals were exchanged',
    [without('audit_seal_event_id_key'), exchange(['event_id'], 4, 9)],
    ['reordered 4', 'reordered 9'],
  ],
  ['neighbours changed places', [move(5, 99), move(6, 5), move(99, 6)], ['reordered 5', 'reordered 6']],
  [
    'seals far from each other changed places',
    [move(3, 99), move(9, 3), move(99, 9)],
    ['reordered 3', 'reordered 9'],
  ],
  [
    'three seals went round',
    [move(3, 99), move(7, 3), move(10, 7), move(99, 10)],
    ['reordered 3', 'reordered 7', 'reordered 10'],
  ],
  [
    'the last two changed places',
    [move(11, 99), move(12, 11), move(99, 12)],
    ['reordered 11', 'reordered 12'],
  ],
  [
    'seals changed places and left their hashes',
    [without('audit_seal_event_id_key'), exchange(['event_id', 'event_digest'], 4, 9)],
    ['reordered 4', 'reordered 9'],
  ],
  [
    'several things were done at once',
    [
      event(2, `actor = 'x'`),
      forget('id = 4'),
      seal(6, `hash = ${FORGED}`),
      forget('id = 9'),
      unseal('seq = 9'),
      event(11, `actor = 'x'`),
    ],
    ['eventEdited 2', 'eventDeleted 4', 'chainBroken 6', 'sealsMissing 9-9', 'eventEdited 11'],
  ],
];

test.each(CASES)('16.4.2 when %s, exactly that is found', async (_fact, statements, findings) => {
  await tamper(store.db, ...statements);
  expect(await found(store.db)).toEqual(findings);
});

test('an event that was slipped in past the sealer is found after a minute', async () => {
  await tamper(
    store.db,
    `insert into audit_event (at, actor, action, detail) values (now() - interval '50 seconds', 'portal', 'x', '{}')`,
  );
  expect(await found(store.db)).toEqual([]);
  await tamper(
    store.db,
    `insert into audit_event (at, actor, action, detail) values (now() - interval '70 seconds', 'portal', 'x', '{}')`,
  );
  expect(await found(store.db)).toEqual(['unsealed event 14']);
});

describe('against a noted head', () => {
  test('a trail that has only grown is in order, and gives the next head to note', async () => {
    const { head, seals } = await verifyAudit(store.db);
    expect([head?.seq, seals]).toEqual([12, 12]);
    await aTrail(store.db, 3);
    expect(await verifyAudit(store.db, head)).toMatchObject({ head: { seq: 15 }, findings: [] });
  });

  test('16.4.2 a trail that was cut at its end is found out, and by nothing else', async () => {
    const { head } = await verifyAudit(store.db);
    await tamper(store.db, forget('id > 9'), unseal('seq > 9'));
    expect(await found(store.db)).toEqual([]);
    expect(await found(store.db, head)).toEqual(['truncated 10-12']);
  });

  test('a trail that was emptied is too', async () => {
    const { head } = await verifyAudit(store.db);
    await tamper(store.db, 'truncate audit_event', 'truncate audit_seal');
    expect(await found(store.db, head)).toEqual(['truncated 1-12']);
  });

  test('a trail that was cut and has grown again is too', async () => {
    const { head } = await verifyAudit(store.db);
    await tamper(store.db, forget('id > 9'), unseal('seq > 9'));
    await aTrail(store.db, 6);
    expect(await found(store.db)).toEqual([]);
    expect(await found(store.db, head)).toEqual(['headDiffers 12']);
  });

  test('a trail that was edited and sealed again from there is too', async () => {
    const { head } = await verifyAudit(store.db);
    await tamper(store.db, event(5, `actor = 'x'`), 'truncate audit_seal');
    await sealNewEvents(store.db, { everything: true });
    expect(await found(store.db)).toEqual([]);
    expect(await found(store.db, head)).toEqual(['headDiffers 12']);
  });
});

test('an empty trail is in order and has no head', async () => {
  await tamper(store.db, 'truncate audit_event', 'truncate audit_seal');
  expect(await verifyAudit(store.db)).toEqual({ seals: 0, head: null, findings: [] });
});

test('a place behind many chunks is named', async () => {
  await sql`insert into audit_event (actor, action, detail)
    select 'portal', 'request.provisioned', '{}' from generate_series(1, 3500)`.execute(store.db);
  await sealNewEvents(store.db);
  await tamper(store.db, event(1001, `actor = 'x'`), forget('id = 3000'), seal(2000, `hash = ${FORGED}`));
  expect(await found(store.db)).toEqual(['eventEdited 1001', 'chainBroken 2000', 'eventDeleted 3000']);
});

test('the first seal follows from the genesis', async () => {
  const { rows } = await sql<{ digest: string; hash: string }>`
    select encode(event_digest, 'hex') as digest, encode(hash, 'hex') as hash from audit_seal where seq = 1`.execute(
    store.db,
  );
  const [first] = rows;
  expect(hashOf(GENESIS, 1, Buffer.from(first?.digest ?? '', 'hex')).toString('hex')).toBe(first?.hash);
});
