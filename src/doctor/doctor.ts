import { sharedCall } from '../shared.js';
import { examine, LIMIT_MS } from './examine.js';
import type { Finding, Patient } from './finding.js';

export type Examination = { at: Date; findings: Finding[] };

export type Doctor = {
  /** Examines now, or joins an examination that is under way. */
  examine(): Promise<Examination>;
  /** The latest examination, if it is less than a minute old. */
  recent(): Examination | null;
  /** The latest examination of this process, of any age. */
  latest(): Examination | null;
};

const RECENT_MS = 60_000;

/** Keeps the latest examination in memory. */
export function createDoctor(patient: Patient, limitMs = LIMIT_MS): Doctor {
  let latest: Examination | null = null;

  return {
    examine: sharedCall(async () => {
      const findings = await examine(patient, limitMs);
      return (latest = { at: new Date(), findings });
    }),
    recent: () => (latest && Date.now() - latest.at.getTime() < RECENT_MS ? latest : null),
    latest: () => latest,
  };
}
