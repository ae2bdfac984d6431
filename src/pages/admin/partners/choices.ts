import type { Config } from '../../../config.js';
import { possibleProofs } from '../../../policyFile/proofFaults.js';

const PROOFS = ['invitation', 'mailbox', 'tenant'] as const;
type ProofKind = (typeof PROOFS)[number];

/** A kind of proof; `taken`: whether this portal can take it as it is set up. What it cannot stays with the partner that has it. */
export type ProofChoice = { kind: ProofKind; taken: boolean; disabled: boolean };

export function proofChoices(config: Pick<Config, 'mail'>, chosen: unknown): ProofChoice[] {
  const taken: readonly string[] = possibleProofs(config.mail !== null);
  return PROOFS.map((kind) => ({
    kind,
    taken: taken.includes(kind),
    disabled: !taken.includes(kind) && kind !== chosen,
  }));
}

/** The keys of a catalogue, and those that were ticked and are gone from it meanwhile. */
export function tickChoices(
  catalogue: Readonly<Record<string, { name: string }>>,
  ticked: string[],
): { value: string; label: string }[] {
  const gone = ticked.filter((key) => !Object.hasOwn(catalogue, key));
  return [
    ...Object.entries(catalogue).map(([key, { name }]) => ({ value: key, label: `${name} (${key})` })),
    ...gone.map((key) => ({ value: key, label: key })),
  ];
}
