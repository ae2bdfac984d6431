import type { RequestHandler, Response } from 'express';
import type { Deps } from '../../../deps.js';
import { tenantOfDomain } from '../../../entra/tenantOfDomain.js';
import { notFound } from '../../../errors.js';
import { readForm, textOf, type Fields, type FormValues } from '../form/fields.js';
import { renderForm, submitForm } from '../form/formPage.js';
import { chosenIds, runSearch } from '../form/formSearch.js';
import { bodyOf, type Body } from '../form/typedForm.js';
import {
  NEW_PARTNER_FIELDS,
  newPartnerPage,
  PARTNER_FIELDS,
  partnerPage,
  tenantNote,
  type NewPartnerPage,
  type PartnerPage,
  type TenantNote,
} from './partnerForm.js';

type IdParams = { id: string };

/** Fields with ids of people, which a search fills. */
const PEOPLE = ['approvers', 'sponsors'] as const;

/** GET /admin/partners/new */
export function showNewPartner(deps: Deps): RequestHandler {
  return (_req, res) => renderForm(deps, res, newPartnerPage(deps));
}

/** POST /admin/partners/new */
export function addPartner(deps: Deps): RequestHandler {
  return (req, res) => submitNewPartner(deps, res, bodyOf(req));
}

/** GET /admin/partners/:id */
export function showPartner(deps: Deps): RequestHandler<IdParams> {
  return async (req, res) => {
    const { id } = req.params;
    if (!deps.policy.current().policy.partner(id)) throw notFound();
    await renderForm(deps, res, partnerPage(deps, res, id));
  };
}

/** POST /admin/partners/:id */
export function changePartner(deps: Deps): RequestHandler<IdParams> {
  return (req, res) => submitPartner(deps, res, req.params.id, bodyOf(req));
}

/** POST /admin/partners/:id/enable, /disable and /remove */
export function changeByButton(deps: Deps, button: PartnerButton): RequestHandler<IdParams> {
  return (req, res) => pressPartnerButton(deps, res, { id: req.params.id, button, body: bodyOf(req) });
}

export function submitNewPartner(deps: Deps, res: Response, body: Body): Promise<void> {
  return submit(deps, res, newPartnerPage(deps), body);
}

export async function submitPartner(deps: Deps, res: Response, id: string, body: Body): Promise<void> {
  await deps.policy.reload();
  const current = deps.policy.current();
  if (current.policy.partner(id)) {
    await submit(deps, res, partnerPage(deps, res, id), body);
    return;
  }
  // Removed while the form was open: what was typed may become a partner again.
  const base = textOf(body.base);
  if (base === current.hash || base === '') throw notFound();
  // It comes back switched off unless the person says otherwise: its people are let in by a decision, not by an omission.
  const values = readPartner(NEW_PARTNER_FIELDS, { ...body, id });
  const conflict = { gone: true, differences: [] };
  await renderForm(deps, res, newPartnerPage(deps), { status: 409, values, conflict });
}

export const PARTNER_BUTTONS = ['enable', 'disable', 'remove'] as const;
type PartnerButton = (typeof PARTNER_BUTTONS)[number];

export async function pressPartnerButton(
  deps: Deps,
  res: Response,
  { id, button, body }: { id: string; button: PartnerButton; body: Body },
): Promise<void> {
  await deps.policy.reload();
  if (!deps.policy.current().policy.partner(id)) throw notFound();
  const page = partnerPage(deps, res, id);
  const sent =
    button === 'remove'
      ? { name: button, back: '/admin/partners', edit: { path: [], value: undefined } }
      : { name: button, back: page.path, edit: { path: ['enabled'], value: button === 'enable' } };
  await submitForm(deps, res, page, { base: textOf(body.base), button: sent });
}

async function submit(
  deps: Deps,
  res: Response,
  page: NewPartnerPage | PartnerPage,
  body: Body,
): Promise<void> {
  const values = readPartner(page.fields, body);
  const base = textOf(body.base);
  const search = await runSearch(deps, 'people', { body, fields: PEOPLE });
  if (search) await renderForm(deps, res, page, { values, base, locals: { search } });
  else if (body.lookUp !== undefined) {
    const { filled, tenant } = await lookUpTenant(deps, values);
    await renderForm(deps, res, page, { values: filled, base, locals: { tenant } });
  } else if (body.again !== undefined) await renderForm(deps, res, page, { values, base });
  else await submitForm(deps, res, page, { base, values });
}

function readPartner<Name extends string>(fields: Fields<Name>, body: Body): FormValues<Name> {
  const people = PEOPLE.map((field) => [field, chosenIds(body, field)]);
  return { ...readForm(fields, body), ...(Object.fromEntries(people) as object) };
}

/** Finds the Entra tenant of the first domain, and fills it in where the field is empty. */
async function lookUpTenant<Values extends FormValues<keyof typeof PARTNER_FIELDS>>(
  { config }: Deps,
  values: Values,
): Promise<{ filled: Values; tenant: TenantNote }> {
  const { domains, tenantId, proof } = values;
  const [first = ''] = String(domains)
    .trim()
    .split(/[\s,;]+/);
  const domain = first.replace(/^(\*\.|.*@)/, '');
  const tenant = await tenantOfDomain(config, domain);
  const typed = String(tenantId).trim().toLowerCase();
  const filled = tenant.kind === 'found' && typed === '' ? { ...values, tenantId: tenant.tenantId } : values;
  return { filled, tenant: tenantNote(tenant, domain, { tenantId: typed, proof }) };
}
