import { createInterface } from 'node:readline/promises';
import { parseArgs } from 'node:util';
import { erasePerson, type Erasure } from '../privacy/erasePerson.js';
import { exportPerson } from '../privacy/exportPerson.js';
import { parseDataSubject, type DataSubject } from '../privacy/dataSubject.js';
import { findRequestsOf, findStaff } from '../store/personalData.js';
import type { Db } from '../store/schema.js';
import { runOnStore, UsageError, type StoreCommand } from './storeCommand.js';

const USAGE = `Usage: npm run person -- <command>

  export ADDRESS [--json]      Prints everything the portal stores about a person, as JSON.
  erase ADDRESS [--yes]        Shows what there is, asks, and erases it. --yes skips the question. Open requests end first.
  export OID, erase OID        The same for a member of staff, by object ID.

Uses the store of DATABASE_URL, or else the embedded store in DATA_DIR (.data).`;

/** 75 is EX_TEMPFAIL of sysexits.h. */
const EXIT = { ok: 0, refused: 1, later: 75 };

function parse(args: string[]): StoreCommand {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { json: { type: 'boolean' }, yes: { type: 'boolean' } },
  });
  const [command, text, ...rest] = positionals;
  if (text === undefined || rest.length > 0) throw new UsageError();
  if (command === 'export' && !values.yes) return exportData(readSubject(text));
  if (command === 'erase' && !values.json) return eraseData(readSubject(text), values.yes ?? false);
  throw new UsageError();
}

function readSubject(text: string): DataSubject {
  const subject = parseDataSubject(text);
  if (!('fault' in subject)) return subject;
  const meant = subject.suggestion === undefined ? '' : ` Did you mean ${subject.suggestion}?`;
  throw new UsageError(
    `This is neither an address that can sign up (${subject.fault}) nor an object ID.${meant}`,
  );
}

function exportData(subject: DataSubject): StoreCommand {
  return async function printData(db) {
    console.log(JSON.stringify(await exportPerson(db, subject), null, 2));
    return EXIT.ok;
  };
}

function eraseData(subject: DataSubject, sure: boolean): StoreCommand {
  return async function confirmAndErase(db) {
    for (const line of await describeData(db, subject)) console.error(line);
    if (!sure && !(await isConfirmed())) {
      console.error('Nothing has changed.');
      return EXIT.refused;
    }
    const erasure = await erasePerson(db, subject);
    console.log(report(erasure).join('\n'));
    return erasure.busy.length === 0 ? EXIT.ok : EXIT.later;
  };
}

async function describeData(db: Db, subject: DataSubject): Promise<string[]> {
  const staff = await findStaff(db, subject);
  if ('oid' in subject) {
    return staff.length === 0
      ? ['No member of staff has this object ID.']
      : staff.map(
          ({ key, name, signed_in_at }) => `${key}: ${name}, signed in ${signed_in_at.toISOString()}`,
        );
  }
  const requests = await findRequestsOf(db, subject.address);
  return [
    ...requests.map(
      ({ id, state, created_at }) => `Request ${id}: ${state}, received ${created_at.toISOString()}`,
    ),
    ...(requests.length === 0 ? ['No request has this address.'] : []),
    ...staff.map(
      ({ key }) =>
        `The address also belongs to a member of staff, who isn't erased: ${key} (erase by object ID)`,
    ),
  ];
}

async function isConfirmed(): Promise<boolean> {
  if (!process.stdin.isTTY) throw new UsageError('There is no terminal to ask on: use --yes.');
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return (await terminal.question("Erase this data? You can't undo this. Type yes: ")).trim() === 'yes';
  } finally {
    terminal.close();
  }
}

/** What was done, and what the operator must do elsewhere. */
function report({ requests, ended, busy, people, guests, policyVersions, keys }: Erasure): string[] {
  return [
    people > 0
      ? `Erased ${people} member of staff.`
      : `Anonymised ${requests.length} requests, ${ended} of which were open and have ended.`,
    ...busy.map((id) => `Request ${id} is being worked on and wasn't erased. Run this again in a minute.`),
    '',
    'What remains elsewhere:',
    ...guests.map(
      (id) =>
        `- The guest ${id} in the directory. To delete it: az rest --method delete --url ` +
        `https://graph.microsoft.com/v1.0/users/${id} (it can be restored for 30 days; see docs/privacy.md)`,
    ),
    ...policyVersions.map(
      (id) =>
        `- Version ${id} of the policy names the address. Remove it from the policy; versions are kept.`,
    ),
    ...keys.map((key) => `- The audit trail, reviews and policies still name ${key}, but only by this ID.`),
    '- The audit trail, which names requests and guests by their IDs and is never changed.',
    '- Emails that were sent, logs of the mail server and of Entra, and backups until they expire.',
  ];
}

await runOnStore({
  usage: USAGE,
  parse,
  locked: 'Stop the portal first.',
});
