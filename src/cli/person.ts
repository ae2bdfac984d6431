import { createInterface } from 'node:readline/promises';
import { parseArgs } from 'node:util';
import { erasePerson, type Erasure } from '../privacy/erasePerson.js';
import { exportPerson } from '../privacy/exportPerson.js';
import { whoseIs, type Whose } from '../privacy/whose.js';
import { findRequestsOf, findStaff } from '../store/personalData.js';
import type { Db } from '../store/schema.js';
import { runOnStore, UsageError, type StoreCommand } from './storeCommand.js';

const USAGE = `Usage: npm run person -- <command>

  export ADDRESS [--json]      All that the portal holds of one person, as JSON on standard output.
  erase ADDRESS [--yes]        Shows what there is, asks, and removes it; --yes does not ask. Open requests end first.
  export OID, erase OID        The same for somebody of the staff, by their object id.

The store is the one of DATABASE_URL, or the embedded one in DATA_DIR (.data).`;

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
  if (command === 'export' && !values.yes) return takeOut(whom(text));
  if (command === 'erase' && !values.json) return erase(whom(text), values.yes ?? false);
  throw new UsageError();
}

function whom(text: string): Whose {
  const whose = whoseIs(text);
  if (!('fault' in whose)) return whose;
  const meant = whose.suggestion === undefined ? '' : ` Did you mean ${whose.suggestion}?`;
  throw new UsageError(
    `This is neither an address that can sign up (${whose.fault}) nor an object id.${meant}`,
  );
}

function takeOut(whose: Whose): StoreCommand {
  return async function printData(db) {
    console.log(JSON.stringify(await exportPerson(db, whose), null, 2));
    return EXIT.ok;
  };
}

function erase(whose: Whose, sure: boolean): StoreCommand {
  return async function eraseData(db) {
    for (const line of await whatThereIs(db, whose)) console.error(line);
    if (!sure && !(await isConfirmed())) {
      console.error('Nothing was changed.');
      return EXIT.refused;
    }
    const erasure = await erasePerson(db, whose);
    console.log(report(erasure).join('\n'));
    return erasure.busy.length === 0 ? EXIT.ok : EXIT.later;
  };
}

async function whatThereIs(db: Db, whose: Whose): Promise<string[]> {
  const staff = await findStaff(db, whose);
  if ('oid' in whose) {
    return staff.length === 0
      ? ['Nobody of the staff with this object id is named here.']
      : staff.map(
          ({ key, name, signed_in_at }) => `${key}: ${name}, signed in ${signed_in_at.toISOString()}`,
        );
  }
  const requests = await findRequestsOf(db, whose.address);
  return [
    ...requests.map(
      ({ id, state, created_at }) => `Request ${id}: ${state}, received ${created_at.toISOString()}`,
    ),
    ...(requests.length === 0 ? ['No request has this address.'] : []),
    ...staff.map(({ key }) => `It is also of the staff, which is left as it is: ${key} (erase by object id)`),
  ];
}

async function isConfirmed(): Promise<boolean> {
  if (!process.stdin.isTTY) throw new UsageError('Nobody can be asked here: say --yes.');
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return (await terminal.question('Remove it? It cannot be brought back. Type yes: ')).trim() === 'yes';
  } finally {
    terminal.close();
  }
}

/** What was done, and what the operator has to do elsewhere. */
function report({ requests, ended, busy, people, guests, policyVersions, keys }: Erasure): string[] {
  return [
    people > 0
      ? `Removed ${people} name of the staff.`
      : `Anonymised ${requests.length} requests, ${ended} of which were open and have ended.`,
    ...busy.map((id) => `Request ${id} is being worked on and was left. Repeat this in a minute.`),
    '',
    'What remains elsewhere:',
    ...guests.map(
      (id) =>
        `- The guest ${id} in the directory. To delete it: az rest --method delete --url ` +
        `https://graph.microsoft.com/v1.0/users/${id} (it can be restored for 30 days; see docs/privacy.md)`,
    ),
    ...policyVersions.map(
      (id) =>
        `- Version ${id} of the policy names the address. Take it out of the policy; versions are kept.`,
    ),
    ...keys.map((key) => `- The audit trail, reviews and policies go on naming ${key}, by this id alone.`),
    '- The audit trail, which names requests and guests by their ids and is never changed.',
    '- Mails that were sent, logs of the mail server and of Entra, and backups until they end.',
  ];
}

await runOnStore({
  usage: USAGE,
  parse,
  locked: 'Stop it first.',
});
