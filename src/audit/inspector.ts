import type { SealRow } from '../store/auditSeals.js';
import { digestOf, GENESIS, hashOf } from './chain.js';

/** What is wrong with a trail, and where; `lastSeq` is set for several seals in a row. */
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
 * Suspects in a row. `anchor` is the hash that the first one should follow from, null when that is doubtful itself;
 * `ended` says that the seal after the last one follows from it, so that the last hash is true.
 */
type Stretch = { anchor: Buffer | null; suspects: Suspect[]; ended: boolean };

/** Finding the order takes the square of this many hashes. */
const MOST_REORDERED = 500;

/**
 * Follows a chain of seals from its beginning and names every place that was tampered with, each once. After a broken place
 * it continues from the hash that is stored there.
 */
export class Inspector {
  private readonly found: Finding[] = [];
  private readonly edited: { row: SealRow; digest: Buffer }[] = [];
  private readonly stretches: Stretch[] = [];
  private stretch: Stretch | null = null;
  private expected = 1;
  private previous: Buffer | null = GENESIS;
  /** Whether `previous` follows from the seals before it. */
  private sound = true;

  /** Takes the next seal, in the order of `seq`. */
  inspect(row: SealRow): void {
    if (row.seq < 1) {
      // It was inserted before the first one.
      this.found.push(finding('chainBroken', row));
      return;
    }
    this.skipTo(row.seq);
    const digest = row.event && digestOf(row.event);
    if (!digest) this.found.push(finding('eventDeleted', row));
    this.follow(row, digest);
    this.previous = row.hash;
    this.expected = row.seq + 1;
  }

  /** What was found, in the order of `seq`. */
  findings(): Finding[] {
    this.endStretch(false);
    const all = [...this.found, ...findingsOfEdited(this.edited), ...findingsOfStretches(this.stretches)];
    return all.sort((one, other) => (one.seq ?? 0) - (other.seq ?? 0));
  }

  private skipTo(seq: number): void {
    if (seq === this.expected) return;
    this.found.push(finding('sealsMissing', { seq: this.expected, lastSeq: seq - 1 }));
    this.endStretch(false);
    this.previous = null;
    this.sound = false;
  }

  private follow(row: SealRow, digest: Buffer | null): void {
    const edited = digest !== null && !digest.equals(row.digest);
    if (follows(this.previous, row, row.digest)) {
      this.endStretch(true);
      if (edited) this.edited.push({ row, digest });
      this.sound = this.previous !== null;
    } else if (digest && follows(this.previous, row, digest)) {
      // The event is as it was, but the digest in its seal was changed.
      this.endStretch(true);
      this.found.push(finding('chainBroken', row));
      this.sound = true;
    } else {
      this.stretch ??= { anchor: this.sound ? this.previous : null, suspects: [], ended: false };
      this.stretch.suspects.push({ ...row, edited });
      this.sound = false;
    }
  }

  private endStretch(ended: boolean): void {
    if (this.stretch) this.stretches.push({ ...this.stretch, ended });
    this.stretch = null;
  }
}

/** After a gap there is no previous hash, so that any seal passes. */
function follows(previous: Buffer | null, { seq, hash }: SealRow, digest: Buffer): boolean {
  return previous === null || hashOf(previous, seq, digest).equals(hash);
}

/** Events that differ from their seals: changed, or two of them exchanged. */
function findingsOfEdited(edited: { row: SealRow; digest: Buffer }[]): Finding[] {
  const sealed = new Set(edited.map(({ row }) => row.digest.toString('hex')));
  return edited.map(({ row, digest }) =>
    finding(sealed.has(digest.toString('hex')) ? 'reordered' : 'eventEdited', row),
  );
}

function findingsOfStretches(stretches: Stretch[]): Finding[] {
  const suspects = stretches.flatMap((stretch) => stretch.suspects);
  return stretches.flatMap((stretch) => {
    const order = suspects.length <= MOST_REORDERED ? trueOrder(stretch, suspects) : null;
    if (order) {
      const moved = stretch.suspects.filter((suspect, index) => order[index] !== suspect);
      return moved.map((suspect) => finding('reordered', suspect));
    }
    return findingsOfBroken(stretch);
  });
}

/** The suspects in the order that makes a chain; null when no order does. */
function trueOrder({ anchor, suspects: places }: Stretch, suspects: Suspect[]): Suspect[] | null {
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

function findingsOfBroken({ anchor, suspects, ended }: Stretch): Finding[] {
  const [first] = suspects;
  const last = suspects.at(-1);
  if (!first || !last) return [];
  // Its own hash and the one before it are true: the event was changed together with the digest in its seal.
  if (first === last && anchor && ended && first.event) return [finding('eventEdited', first)];
  const from = anchor ? first.seq : first.seq - 1;
  const to = ended ? Math.max(from, last.seq - 1) : last.seq;
  return [
    finding('chainBroken', from === to ? { ...first, seq: from } : { seq: from, lastSeq: to }),
    ...suspects.filter((suspect) => suspect.edited).map((suspect) => finding('eventEdited', suspect)),
  ];
}

/** A finding of one kind; null for each place that does not apply. */
export function finding(
  kind: Finding['kind'],
  { seq = null, lastSeq = null, eventId = null }: Partial<Omit<Finding, 'kind'>>,
): Finding {
  return { kind, seq, lastSeq, eventId };
}
