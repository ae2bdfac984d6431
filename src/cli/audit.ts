import { parseArgs } from 'node:util';
import { writeTrail, type ExportFormat } from '../audit/exportTrail.js';
import { parsePeriod } from '../audit/period.js';
import { formatHead, parseHead, type Head } from '../audit/chain.js';
import type { Finding } from '../audit/inspector.js';
import { verifyAudit } from '../audit/verify.js';
import { findLastSeal } from '../store/auditSeals.js';
import type { Db } from '../store/schema.js';
import { runOnStore, UsageError, type StoreCommand } from './storeCommand.js';

const USAGE = `Usage: npm run audit -- <command>

  verify [--head SEQ:HASH]     Checks that the trail is complete and unchanged, and names every place where it isn't.
                               With a head from earlier, also checks whether the trail was cut or rebuilt since.
  head                         Prints the head. Note it down somewhere outside the database.
  export [--from DATE] [--to DATE] [--csv | --jsonl]
                               Writes the events to standard output, oldest first, with their seals. Dates are days
                               (2026-05-01, both included) or moments (2026-05-01T10:00:00Z), in UTC.

Uses the store of DATABASE_URL, or else the embedded store in DATA_DIR (.data).`;

const EXIT = { ok: 0, findings: 1 };

function parse(args: string[]): StoreCommand {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      head: { type: 'string' },
      from: { type: 'string' },
      to: { type: 'string' },
      csv: { type: 'boolean' },
      jsonl: { type: 'boolean' },
    },
  });
  const [command, ...rest] = positionals;
  const given = Object.keys(values);
  const only = (...allowed: string[]) => rest.length === 0 && given.every((name) => allowed.includes(name));
  if (command === 'verify' && only('head')) return verify(headOf(values.head));
  if (command === 'head' && only()) return printHead;
  if (command === 'export' && only('from', 'to', 'csv', 'jsonl') && !(values.csv && values.jsonl)) {
    return exportTo(values.csv ? 'csv' : 'jsonl', values.from, values.to);
  }
  throw new UsageError();
}

function headOf(text: string | undefined): Head | null {
  if (text === undefined) return null;
  const head = parseHead(text);
  if (!head) throw new UsageError('--head: must be SEQ:HASH, as `head` prints it');
  return head;
}

function verify(noted: Head | null): StoreCommand {
  return async function verifyTrail(db) {
    const { seals, head, findings } = await verifyAudit(db, noted);
    for (const finding of findings) console.log(describe(finding));
    const against = noted ? `, against the head ${noted.seq}` : '';
    const result =
      findings.length === 0
        ? 'intact'
        : `${findings.length} ${findings.length === 1 ? 'finding' : 'findings'}`;
    console.log(`${seals} sealed events${against}: ${result}.`);
    if (head) console.log(`Head: ${formatHead(head)}`);
    return findings.length === 0 ? EXIT.ok : EXIT.findings;
  };
}

function describe({ kind, seq, lastSeq, eventId }: Finding): string {
  const place = `seq ${seq ?? '?'}${lastSeq === null || lastSeq === seq ? '' : ` to ${lastSeq}`}`;
  const event = eventId === null ? '' : ` (event ${eventId})`;
  const texts: Record<Finding['kind'], string> = {
    eventEdited: `${place}${event}: the event was edited`,
    eventDeleted: `${place}${event}: the event was deleted`,
    reordered: `${place}${event}: isn't in the place where it was sealed`,
    sealsMissing: `${place}: seals deleted, with or without their events`,
    chainBroken: `${place}${event}: the seal was changed or inserted`,
    unsealed: `event ${eventId ?? '?'}: has no seal, although a running portal seals events within seconds`,
    truncated: `${place}: cut off after the head was noted`,
    headDiffers: `${place}: doesn't match the noted head: the trail was rebuilt, or the head belongs to another trail`,
  };
  return texts[kind];
}

async function printHead(db: Db): Promise<number> {
  const head = await findLastSeal(db);
  if (head) console.log(formatHead(head));
  else console.error('Nothing has been sealed yet.');
  return EXIT.ok;
}

function exportTo(format: ExportFormat, from?: string, to?: string): StoreCommand {
  const period = parsePeriod(from, to);
  if (!period)
    throw new UsageError('--from, --to: must be days (2026-05-01) or moments (2026-05-01T10:00:00Z)');
  return async function exportEvents(db) {
    await writeTrail(db, period, format, process.stdout);
    return EXIT.ok;
  };
}

await runOnStore({
  usage: USAGE,
  parse,
  locked: 'Verify and export on the page /admin/audit instead, or stop the portal first.',
});
