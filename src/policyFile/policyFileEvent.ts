import type { PolicyFault } from '../policy/policyFault.js';
import type { PolicyReading } from './policyReading.js';

/** What a look at the file has found. */
export type PolicyFileEvent =
  | { kind: 'loaded'; hash: string }
  | { kind: 'refused'; hash: string | null; faults: PolicyFault[] }
  | { kind: 'unreadable'; message: string };

/** Why a reading is not in force; empty when it is. */
export function faultsOf(reading: PolicyReading): PolicyFault[] {
  if (reading.kind === 'loaded') return [];
  if (reading.kind === 'refused') return reading.faults;
  return [{ path: '', message: `cannot be read: ${reading.message}` }];
}

export function eventOf(reading: PolicyReading): PolicyFileEvent {
  if (reading.kind === 'loaded') return { kind: 'loaded', hash: reading.loaded.hash };
  if (reading.kind === 'refused')
    return { kind: 'refused', hash: reading.file?.hash ?? null, faults: reading.faults };
  return { kind: 'unreadable', message: reading.message };
}
