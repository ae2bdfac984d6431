import { findLeftUnsealed, findSeals } from '../store/auditSeals.js';
import type { Db } from '../store/schema.js';
import type { Head } from './chain.js';
import { finding, Inspector, type Finding } from './inspector.js';

export type Verification = {
  /** How many seals there are. */
  seals: number;
  /** The end of the chain, to note somewhere else; null when nothing is sealed yet. */
  head: Head | null;
  findings: Finding[];
};

const CHUNK = 1_000;
/** A working sealer is never that late. */
const UNSEALED_SECONDS = 60;
/** More than a person reads. */
const MOST_UNSEALED = 1_000;

/**
 * Checks the whole audit trail, in chunks, while the portal may go on writing to it. It changes nothing.
 *
 * The owner of the database can rebuild the whole chain so that it is consistent. Only a head that was noted somewhere else
 * shows that, and shows that events were cut off at the end.
 *
 * @param noted a head from an earlier time
 */
export async function verifyAudit(db: Db, noted: Head | null = null): Promise<Verification> {
  const inspector = new Inspector();
  const differs: Finding[] = [];
  let seals = 0;
  let head: Head | null = null;
  for (;;) {
    const rows = await findSeals(db, head?.seq ?? null, CHUNK);
    for (const row of rows) {
      inspector.inspect(row);
      if (row.seq === noted?.seq && !row.hash.equals(noted.hash)) differs.push(finding('headDiffers', row));
    }
    seals += rows.length;
    const last = rows.at(-1);
    if (last) head = { seq: last.seq, hash: last.hash };
    if (rows.length < CHUNK) break;
  }
  if (noted && noted.seq > (head?.seq ?? 0)) {
    differs.push(finding('truncated', { seq: (head?.seq ?? 0) + 1, lastSeq: noted.seq }));
  }
  const left = await findLeftUnsealed(db, UNSEALED_SECONDS, MOST_UNSEALED);
  const unsealed = left.map(({ id }) => finding('unsealed', { eventId: id }));
  return { seals, head, findings: [...inspector.findings(), ...differs, ...unsealed] };
}
