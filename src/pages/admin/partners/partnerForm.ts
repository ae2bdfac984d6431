import type { Response } from 'express';
import type { Config } from '../../../config.js';
import type { Deps } from '../../../deps.js';
import type { DomainTenant } from '../../../entra/tenantOfDomain.js';
import { accessIn } from '../../../http/guard.js';
import type { PolicyDocument } from '../../../policy/schema.js';
import { possibleProofs } from '../../../policyFile/policyReading.js';
import { countOpenRequests } from '../../../store/requestFigures.js';
import { tickChoices } from '../catalogue/catalogueForm.js';
import { choice, flag, line, lines, number, text, ticks, type Fields } from '../form/fields.js';
import type { FormPage } from '../form/formPage.js';
import type { FormSearch } from '../form/formSearch.js';
import { partnerPath } from '../objectPath.js';

/**
 * The settings of a partner, in the order of the form. Its id is not among them, since requests refer to it; nor is whether it is
 * switched on, which has a button of its own.
 */
export const PARTNER_FIELDS = {
  name: line(['name'], { required: true }),
  domains: lines(['domains'], { required: true }),
  tenantId: line(['tenantId']),
  apps: ticks(['apps']),
  groups: ticks(['groups']),
  perDay: number(['limits', 'perDay']),
  total: number(['limits', 'total']),
  perHour: number(['limits', 'perHour']),
  licensing: choice(['licensing'], 'partner'),
  licences: line(['limits', 'licences']),
  approval: choice(['approval'], 'automatic'),
  approvers: lines(['approvers']),
  notify: choice(['notify'], 'atOnce'),
  proof: choice(['proof'], 'invitation'),
  redirectUrl: line(['invitation', 'redirectUrl']),
  message: text(['invitation', 'message']),
  language: line(['invitation', 'language']),
  userType: choice(['invitation', 'userType'], 'Guest'),
  sponsors: lines(['invitation', 'sponsors']),
} satisfies Fields<string>;

/** A new partner gets its id once, and may begin switched off. */
export const NEW_PARTNER_FIELDS = {
  id: line(['id'], { required: true }),
  ...PARTNER_FIELDS,
  enabled: flag(['enabled'], true),
} satisfies Fields<string>;

type PartnerLocals = {
  /** Null for a new partner. */
  id: string | null;
  /** How many of its requests are open, by state. */
  open: Awaited<ReturnType<typeof countOpenRequests>>;
  enabled: boolean;
  apps: PolicyDocument['apps'];
  groups: PolicyDocument['groups'];
  tickChoices: typeof tickChoices;
  proofChoices: (chosen: unknown) => ProofChoice[];
  search: FormSearch | null;
  tenant: TenantNote | null;
};

export type NewPartnerPage = FormPage<keyof typeof NEW_PARTNER_FIELDS, PartnerLocals>;
export type PartnerPage = FormPage<keyof typeof PARTNER_FIELDS, PartnerLocals>;

export function newPartnerPage(deps: Deps): NewPartnerPage {
  return {
    view: 'admin/partner',
    path: '/admin/partners/new',
    back: '/admin/partners',
    object: { section: 'partners' },
    isNew: true,
    fields: NEW_PARTNER_FIELDS,
    locals: () => ({ id: null, open: [], enabled: true, ...choicesOf(deps) }),
  };
}

export function partnerPage(deps: Deps, res: Response, id: string): PartnerPage {
  return {
    view: 'admin/partner',
    path: partnerPath(id),
    back: partnerPath(id),
    object: { section: 'partners', key: id },
    isNew: false,
    fields: PARTNER_FIELDS,
    locals: async () => ({
      id,
      // The page warns of them where it offers to remove the partner.
      open: accessIn(res).rights.has('policy.write') ? await countOpenRequests(deps.store.db, [id]) : [],
      enabled: deps.policy.current().policy.partner(id)?.enabled ?? true,
      ...choicesOf(deps),
    }),
  };
}

function choicesOf({ policy, config }: Deps): Omit<PartnerLocals, 'id' | 'open' | 'enabled'> {
  const { apps, groups } = policy.current().policy.document;
  const proofs = (chosen: unknown) => proofChoices(config, chosen);
  return { apps, groups, tickChoices, proofChoices: proofs, search: null, tenant: null };
}

const PROOFS = ['invitation', 'mailbox', 'tenant'] as const;

/** `taken`: whether this portal can take it as it is set up. A partner keeps a kind that it cannot take. */
type ProofChoice = { kind: (typeof PROOFS)[number]; taken: boolean; disabled: boolean };

export function proofChoices(config: Pick<Config, 'mail'>, chosen: unknown): ProofChoice[] {
  const taken: readonly string[] = possibleProofs(config.mail !== null);
  return PROOFS.map((kind) => ({
    kind,
    taken: taken.includes(kind),
    disabled: !taken.includes(kind) && kind !== chosen,
  }));
}

/** What the form says about the tenant of a domain, as `partners.tenant.<says>`. */
export type TenantNote = {
  says: 'found' | 'other' | 'none' | 'noneForProof' | 'unreachable';
  good: boolean;
  domain: string;
  tenant: string | null;
};

/**
 * @param typed.tenantId in lower case; empty for none
 * @param typed.proof what people of the partner have to show
 */
export function tenantNote(
  tenant: DomainTenant,
  domain: string,
  typed: { tenantId: string; proof: unknown },
): TenantNote {
  if (tenant.kind === 'found') {
    const good = typed.tenantId === '' || typed.tenantId === tenant.tenantId;
    return { says: good ? 'found' : 'other', good, domain, tenant: tenant.tenantId };
  }
  const none = typed.proof === 'tenant' ? 'noneForProof' : 'none';
  return { says: tenant.kind === 'none' ? none : 'unreachable', good: false, domain, tenant: null };
}
