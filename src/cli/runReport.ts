import { MOST_ROWS } from '../bulk/readSheet.js';
import { reasonText } from '../bulk/reasonText.js';
import { MOST_BYTES, type SheetFault } from '../bulk/sheetText.js';
import { inEnglish } from '../language.js';
import type { RunLine } from '../store/runRows.js';
import type { Problem } from '../store/schema.js';
import { number, type Progress } from './progressBar.js';

export function summaryOf(rows: readonly RunLine[]): string {
  const count = (...outcomes: RunLine['outcome'][]) =>
    rows.filter(({ outcome }) => outcomes.includes(outcome)).length;
  const [open, duplicates] = [count('open'), count('duplicate')];
  return [
    `${number(count('invite'))} will be invited`,
    `${number(count('grant', 'unchanged'))} are guests already, ${number(count('grant'))} get something new`,
    ...(open > 0 ? [`${number(open)} have asked already`] : []),
    ...(duplicates > 0 ? [`${number(duplicates)} are there twice`] : []),
    `${number(count('refused'))} refused`,
  ].join(' · ');
}

export function refusedLine({ line, typed, verdict }: RunLine): string {
  return `Line ${line}, ${printable(typed.email)}: ${printable(reasonText(inEnglish(), verdict))}`;
}

/** Cells are written by strangers, and a terminal obeys some characters. */
export function printable(text: string): string {
  return text.replaceAll(/\p{C}/gu, '?');
}

/** Why a file cannot be read, with the place in it. */
export function describeFault(file: string, { code, ...at }: SheetFault): string {
  const t = inEnglish();
  const words = t(`bulk.fault.${code}`, { max: MOST_ROWS, megabytes: MOST_BYTES / 1_000_000 });
  if (at.line === undefined) return `${file}: ${words}`;
  return `${file}: ${t(at.column === undefined ? 'bulk.place.line' : 'bulk.place.cell', { ...at, words })}`;
}

const WITHOUT_REQUEST = new Set<RunLine['state']>([
  'invite',
  'grant',
  'unchanged',
  'open',
  'duplicate',
  'refused',
]);

export function progressOf(counts: ReadonlyMap<RunLine['state'], number>): Progress {
  const requests = [...counts].filter(([state]) => !WITHOUT_REQUEST.has(state));
  const of = requests.reduce((sum, [, count]) => sum + count, 0);
  return { done: of - (counts.get('queued') ?? 0), of };
}

export function failedLine({ line, typed, state, problem }: RunLine): string {
  return `Line ${line}, ${printable(typed.email)}: ${state}${problem ? `, ${problemText(problem)}` : ''}`;
}

export function problemText({ code, detail }: Problem): string {
  const text = reasonText(inEnglish(), { reason: code });
  return printable(detail === undefined ? text : `${text} (${detail})`);
}

/** What ended in another way than its preview says: it failed, or Microsoft or the policy in force refused it. */
export function hasFailed({ state }: RunLine): boolean {
  return !WITHOUT_REQUEST.has(state) && state !== 'provisioned' && state !== 'queued';
}

/** How rows ended; before the start, how they will. */
export function countsOf(rows: readonly RunLine[]) {
  const count = (which: (row: RunLine) => boolean) => rows.filter(which).length;
  const done = ({ state, outcome }: RunLine) => state === 'provisioned' || state === outcome;
  return {
    invited: count((row) => row.outcome === 'invite' && done(row)),
    granted: count((row) => row.outcome === 'grant' && done(row)),
    unchanged: count(({ outcome }) => ['unchanged', 'open', 'duplicate'].includes(outcome)),
    refused: count(({ outcome, state }) => outcome === 'refused' || state === 'denied'),
    failed: count((row) => hasFailed(row) && row.state !== 'denied'),
  };
}
