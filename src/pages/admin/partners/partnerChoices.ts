import type { Config } from '../../../config.js';
import type { DomainTenant } from '../../../entra/tenantOfDomain.js';
import { takenProofs } from '../../../requests/proof/proofFaults.js';

const PROOFS = ['invitation', 'mailbox', 'tenant'] as const;
type ProofKind = (typeof PROOFS)[number];

/** A kind of proof; `taken`: whether this portal can take it as it is set up. What it cannot stays with the partner that has it. */
export type ProofChoice = { kind: ProofKind; taken: boolean; disabled: boolean };

export function proofChoices(config: Pick<Config, 'mail'>, chosen: unknown): ProofChoice[] {
  const taken: readonly string[] = takenProofs(config);
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

/** What is to be said of the tenant that a domain belongs to, as `partners.tenant.<says>`. */
export type TenantNote = {
  says: 'found' | 'other' | 'none' | 'noneForProof' | 'unreachable';
  good: boolean;
  domain: string;
  tenant: string | null;
};

/**
 * @param typed the tenant's id in the form, in lower case; empty for none
 * @param proof what people of the partner have to show
 */
export function tenantNote(tenant: DomainTenant, domain: string, typed: string, proof: unknown): TenantNote {
  if (tenant.kind === 'found') {
    const good = typed === '' || typed === tenant.tenantId;
    return { says: good ? 'found' : 'other', good, domain, tenant: tenant.tenantId };
  }
  const none = proof === 'tenant' ? 'noneForProof' : 'none';
  return { says: tenant.kind === 'none' ? none : 'unreachable', good: false, domain, tenant: null };
}
