import type { SealRow } from '../store/auditSeals.js';
import { digestOf, GENESIS, hashOf } from './chain.js';

/** What is wrong with a trail, and where; `lastSeq` is set where it concerns several seals in a row. */
export type Finding = {
  kind:
    | 'eventEdited'
    | 'eventDeleted'
    | 'reordered'
    | 'sealsMissing'
    | 'chainBroken'
    | 'unsealed'
    | 'truncated'
    | 'headDiffers';
  seq: number | null;
  lastSeq: number | null;
  eventId: string | null;
};

/** A seal that does not follow from the one before it, nor from its event. */
type Suspect = SealRow & { edited: boolean };
/**
 * Suspects in a row. `anchor` is the hash that the first should follow from, null when that is doubtful itself;
 * `ended` says that the seal after the last one follows from it, which makes the last hash a true one.
 */
type Run = { anchor: Buffer | null; suspects: Suspect[]; ended: boolean };

/** Trying out every order takes the square of this many hashes. */
const MOST_REORDERED = 500;

export type Inspector = {
  /** Takes the next seal, in the order of `seq`. */
  look(row: SealRow): void;
  /** What was found, in the order of `seq`. */
  findings(): Finding[];
};

/**
 * Follows a chain of seals from its beginning and names every place that was tampered with, each once: behind a broken
 * place the chain is taken up again from the hash that is stored there.
 */
export function createInspector(): Inspector {
  const found: Finding[] = [];
  const edited: { row: SealRow; digest: Buffer }[] = [];
  const runs: Run[] = [];
  let run: Run | null = null;
  let expected = 1;
  let previous: Buffer | null = GENESIS;
  /** Whether `previous` follows from what comes before it. */
  let sound = true;

  function endRun(ended: boolean): void {
    if (run) runs.push({ ...run, ended });
    run = null;
  }

  function skipTo(seq: number): void {
    if (seq === expected) return;
    found.push(finding('sealsMissing', { seq: expected, lastSeq: seq - 1 }));
    endRun(false);
    previous = null;
    sound = false;
  }

  function look(row: SealRow): void {
    if (row.seq < 1) {
      // Somebody has put it before the first one.
      found.push(finding('chainBroken', row));
      return;
    }
    skipTo(row.seq);
    const digest = row.event && digestOf(row.event);
    const isEdited = digest !== null && !digest.equals(row.digest);
    if (!digest) found.push(finding('eventDeleted', row));
    if (follows(previous, row, row.digest)) {
      endRun(true);
      if (isEdited) edited.push({ row, digest });
      sound = previous !== null;
    } else if (digest && follows(previous, row, digest)) {
      // The event is as it was; what the seal says of it is not.
      endRun(true);
      found.push(finding('chainBroken', row));
      sound = true;
    } else {
      run ??= { anchor: sound ? previous : null, suspects: [], ended: false };
      run.suspects.push({ ...row, edited: isEdited });
      sound = false;
    }
    previous = row.hash;
    expected = row.seq + 1;
  }

  return {
    look,
    findings() {
      endRun(false);
      const all = [...found, ...judgeEdited(edited), ...judgeRuns(runs)];
      return all.sort((one, other) => (one.seq ?? 0) - (other.seq ?? 0));
    },
  };
}

/** Without a previous hash, behind a gap, nothing can be said against a seal. */
function follows(previous: Buffer | null, { seq, hash }: SealRow, digest: Buffer): boolean {
  return previous === null || hashOf(previous, seq, digest).equals(hash);
}

/** Events that differ from what was sealed: changed, or two of them exchanged. */
function judgeEdited(edited: { row: SealRow; digest: Buffer }[]): Finding[] {
  const sealed = new Set(edited.map(({ row }) => row.digest.toString('hex')));
  return edited.map(({ row, digest }) =>
    finding(sealed.has(digest.toString('hex')) ? 'reordered' : 'eventEdited', row),
  );
}

function judgeRuns(runs: Run[]): Finding[] {
  const suspects = runs.flatMap((run) => run.suspects);
  return runs.flatMap((run) => {
    const order = suspects.length <= MOST_REORDERED ? trueOrder(run, suspects) : null;
    if (order) {
      const moved = run.suspects.filter((suspect, index) => order[index] !== suspect);
      return moved.map((suspect) => finding('reordered', suspect));
    }
    return judgeBroken(run);
  });
}

/** Which of the suspects belong where these stand; null when they do not make a chain in any order. */
function trueOrder({ anchor, suspects: places }: Run, suspects: Suspect[]): Suspect[] | null {
  const order: Suspect[] = [];
  let previous = anchor;
  for (const place of places) {
    if (previous === null) return null;
    const before: Buffer = previous;
    const next = suspects.find((suspect) => {
      const hash = hashOf(before, place.seq, suspect.digest);
      // A seal may have been moved with its hash or without it.
      return hash.equals(suspect.hash) || hash.equals(place.hash);
    });
    if (!next) return null;
    order.push(next);
    previous = hashOf(before, place.seq, next.digest);
  }
  return order;
}

function judgeBroken({ anchor, suspects, ended }: Run): Finding[] {
  const [first] = suspects;
  const last = suspects.at(-1);
  if (!first || !last) return [];
  // Its own hash is a true one, and so is the one before it: the event was changed together with what its seal says of it.
  if (first === last && anchor && ended && first.event) return [finding('eventEdited', first)];
  const from = anchor ? first.seq : first.seq - 1;
  const to = ended ? Math.max(from, last.seq - 1) : last.seq;
  return [
    finding('chainBroken', from === to ? { ...first, seq: from } : { seq: from, lastSeq: to }),
    ...suspects.filter((suspect) => suspect.edited).map((suspect) => finding('eventEdited', suspect)),
  ];
}

/** A finding of one kind; what does not apply is null. */
export function finding(
  kind: Finding['kind'],
  { seq = null, lastSeq = null, eventId = null }: Partial<Omit<Finding, 'kind'>>,
): Finding {
  return { kind, seq, lastSeq, eventId };
}
