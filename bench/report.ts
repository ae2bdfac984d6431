import { writeFile } from 'node:fs/promises';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { root } from '../src/root.js';

export type Row = {
  what: string;
  portal: string;
  /** The bare equivalent, or another figure to compare with; empty where there is none. */
  bare?: string;
  /** How the two compare: the median of the rounds' ratios. */
  ratio?: number;
  target?: string;
  met?: boolean;
};

/** Whole numbers with separators, and small ones with as many digits as they are worth. */
export function figure(value: number, unit = ''): string {
  const digits = value < 10 ? 2 : value < 100 ? 1 : 0;
  const number = value.toLocaleString('en', { maximumFractionDigits: digits });
  return unit === '' ? number : `${number} ${unit}`;
}

export function toTable(rows: Row[]): string {
  const cells = rows.map(({ what, portal, bare = '', ratio, target = '', met }) => [
    what,
    portal,
    bare,
    ratio === undefined ? '' : figure(ratio),
    target,
    met === undefined ? '' : met ? 'met' : '**not met**',
  ]);
  const head = ['', 'portal', 'bare', 'portal ÷ bare', 'target', ''];
  return [head, head.map(() => '---'), ...cells].map((row) => `| ${row.join(' | ')} |`).join('\n');
}

/** Writes `docs/benchmarks.md` and returns its table as it is laid out there. */
export async function writeReport(rows: Row[]): Promise<string> {
  const path = join(root, 'docs', 'benchmarks.md');
  const text = await format(report(rows), { ...(await resolveConfig(path)), parser: 'markdown' });
  await writeFile(path, text);
  return text
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .join('\n');
}

function report(rows: Row[]): string {
  return `# Benchmarks

\`npm run bench\` writes this page. With \`DATABASE_URL\` it measures on PostgreSQL too, in databases of its own.

${toTable(rows)}

Measured on ${machine()}, ${new Date().toISOString().slice(0, 10)}.

## How it was measured

Every portal is the built one (\`dist/\`), a process of its own with production's settings, its log going to the void.
"Bare" is a small program beside it that does the same work with nothing but the libraries underneath (\`bench/servers/\`, each
says what it does and leaves out). Both run in one go, in rounds that alternate, so that whatever else the machine does
falls on both; a ratio is the median of the rounds' ratios, and is worth more than the figures that it comes from.

- **The form, sign-ups:** autocannon over a few connections. Every sign-up is another address from another client and
  carries a valid token; no worker runs. Afterwards each 303 is found in the database as a request that is due, with its audit event.
- **Decisions:** parsing the address and deciding, in one thread (\`bench/decide.ts\`).
- **Policy reload:** the longest \`GET /healthz\` on a running portal while its file of 10,000 partners is rewritten; beside it, the longest
  while nothing happens.
- **Provisioned:** from sending the form until the status page says so, against the simulated tenant in a process of
  its own: 100 ms a Graph call, no replication delay, two groups, our own mail. Bare makes the same calls and stores nothing.
  Of the 200 at once, every address is found as one guest with one mail.
- **Runs:** files of a name and an address a row, each guest into one group and mailed, with Microsoft's limits as documented in force
  at the simulated tenant, 60 ms a Graph call. The ideal schedule is the larger of what the latency allows (three calls a row, eight rows
  at once) and of what the writes allow (2,500 at once, 20 a second). The slow start of a tenant's first run is over before. One call
  after another makes the same three calls and a mail, and stores nothing. Every row is found as one guest with one mail. People who
  sign up during another run of the same length come one after another.
- **People of one partner:** from sending the form until the status page says that an answer went, while 60 people of another partner
  wait for an app that does not answer for 40 s; then until the access is there, while a mail server answers a line every five seconds and
  never comes to an end, and 60 others wait to be mailed. Beside it the same portal before anything hangs.
- **First page of requests:** one after another by somebody who has signed in: session, rights, list, counts and page. Bare is the
  plain select of the same 50 rows over a connection that is open already.
- **Three instances:** on PostgreSQL alone, behind a small balancer in the bench's process, which also plays the people: form, sign-up,
  status page every two seconds, for three minutes, one instance killed every 20 s and started again. It fails where somebody
  who was acknowledged is not one guest, or anybody is there or was mailed twice. A page is timed from the click to the last byte, as the
  person's side of the balancer sees it. What breaks off with an instance is clicked again a second later, and counted separately.
- **Idle sessions:** 2,000 people sign in at one portal and then do nothing. Beside it runs a portal in which nobody has, on a database
  of its own; both answer the same pages in turn to somebody who has signed in. Memory is read after a rest: before the 2,000, after
  them, and of a second portal on their store, warmed up like the first.
- **At rest:** resident memory some seconds after the start, without load; a start ends with the first 200 at
  \`/readyz\`, and is the median of several on a store that exists.
`;
}

function machine(): string {
  const model = cpus()[0]?.model.trim() ?? 'an unknown processor';
  const memory = Math.round(totalmem() / 2 ** 30);
  return `${model}, ${cpus().length} cores, ${memory} GB of memory, Node ${process.versions.node}`;
}
