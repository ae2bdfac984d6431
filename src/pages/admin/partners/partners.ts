import type { RequestHandler, Response } from 'express';
import type { Deps } from '../../../deps.js';
import { notFound } from '../../../errors.js';
import { accessIn } from '../../../http/guard.js';
import { tenantOfDomain } from '../../../entra/tenantOfDomain.js';
import { countOpenRequests } from '../../../store/requestFigures.js';
import { showProposal } from '../policy/policyPreview.js';
import { answer, askedOf, chosenIds } from '../form/asking.js';
import { readForm, textOf, type Fields, type FormValues } from '../form/fields.js';
import { bodyOf, renderForm, requireEditable, submitForm, type FormPage } from '../form/formPage.js';
import { since, writtenPolicy, type WrittenPolicy } from '../form/writtenPolicy.js';
import { appPath, groupPath, partnerPath } from '../objectPath.js';
import { proofChoices, tickChoices } from './choices.js';
import { NEW_PARTNER_FIELDS, PARTNER_FIELDS } from './partnerForm.js';
import { tenantNote, type TenantNote } from './tenantNote.js';

type IdParams = { id: string };

/** Fields with ids of people, which a search fills. */
const PEOPLE = ['approvers', 'sponsors'] as const;

/** GET /admin/partners/new */
export function newPartner(deps: Deps): RequestHandler {
  return (_req, res) => renderForm(deps, res, newPage(deps));
}

/** POST /admin/partners/new */
export function addPartner(deps: Deps): RequestHandler {
  return (req, res) => receive(deps, res, newPage(deps), bodyOf(req));
}

/** GET /admin/partners/:id */
export function showPartner(deps: Deps): RequestHandler<IdParams> {
  return async (req, res) => {
    const { id } = req.params;
    if (!deps.policy.current().policy.partner(id)) throw notFound();
    await renderForm(deps, res, await pageOf(deps, res, id));
  };
}

/** POST /admin/partners/:id */
export function changePartner(deps: Deps): RequestHandler<IdParams> {
  return async (req, res) => {
    const { id } = req.params;
    const body = bodyOf(req);
    await deps.policy.reload();
    const page = await pageOf(deps, res, id);
    if (page.find(writtenPolicy(deps.policy.current()))) {
      await receive(deps, res, page, body);
      return;
    }
    // Removed while the form was open: what was typed may become a partner again.
    const base = textOf(body.base);
    if (base === deps.policy.current().hash || base === '') throw notFound();
    const values = { id, ...readPartner(PARTNER_FIELDS, body) };
    const conflict = { gone: true, differences: [] };
    await renderForm(deps, res, newPage(deps), { status: 409, values, conflict });
  };
}

/** POST /admin/partners/:id/enable and /disable */
export function switchPartner(deps: Deps, enabled: boolean): RequestHandler<IdParams> {
  return (req, res) => proposeFor(deps, res, req.params.id, bodyOf(req), ['enabled'], enabled);
}

/** POST /admin/partners/:id/remove */
export function removePartner(deps: Deps): RequestHandler<IdParams> {
  return (req, res) => proposeFor(deps, res, req.params.id, bodyOf(req), [], undefined);
}

async function proposeFor(
  deps: Deps,
  res: Response,
  id: string,
  body: Record<string, unknown>,
  member: string[],
  value: unknown,
): Promise<void> {
  await requireEditable(deps, res);
  const page = await pageOf(deps, res, id);
  const current = deps.policy.current();
  if (!current.policy.partner(id)) throw notFound();
  if (!(await since(deps, textOf(body.base), page.find)).fresh) {
    await renderForm(deps, res, page, { status: 409, conflict: { gone: false, differences: [] } });
    return;
  }
  const path = [...page.at(writtenPolicy(current)), ...member];
  const back = value === undefined ? '/admin/partners' : page.path;
  const action = value === undefined ? 'remove' : value === true ? 'enable' : 'disable';
  const form = { path: `${page.path}/${action}`, values: {} };
  await showProposal(deps, res, { base: current.hash, edits: [{ path, value }] }, { back, form });
}

async function receive<Name extends keyof typeof NEW_PARTNER_FIELDS>(
  deps: Deps,
  res: Response,
  page: FormPage<Name>,
  body: Record<string, unknown>,
): Promise<void> {
  const values = readPartner(page.fields, body);
  const base = textOf(body.base);
  const asked = askedOf(body, PEOPLE);
  if (asked) {
    await renderForm(deps, res, page, { values, base, search: await answer(deps, 'people', asked) });
  } else if (body.lookUp !== undefined) {
    await renderForm(deps, res, page, { base, ...(await lookUp(deps, values)) });
  } else {
    await submitForm(deps, res, page, { base, values, again: body.again !== undefined });
  }
}

function readPartner<Name extends string>(
  fields: Fields<Name>,
  body: Record<string, unknown>,
): FormValues<Name> {
  const people = PEOPLE.map((field) => [field, chosenIds(body, field)]);
  return { ...readForm(fields, body), ...(Object.fromEntries(people) as object) };
}

/** Which Entra tenant the first domain belongs to; an empty field is filled with it. */
async function lookUp<Name extends string>(
  { config }: Deps,
  values: FormValues<Name>,
): Promise<{ values: FormValues<Name>; tenant: TenantNote }> {
  const { domains, tenantId, proof } = values as FormValues<string>;
  const [first = ''] = String(domains)
    .trim()
    .split(/[\s,;]+/);
  const domain = first.replace(/^(\*\.|.*@)/, '');
  const tenant = await tenantOfDomain(config, domain);
  const typed = String(tenantId ?? '')
    .trim()
    .toLowerCase();
  const filled = tenant.kind === 'found' && typed === '' ? { ...values, tenantId: tenant.tenantId } : values;
  return { values: filled, tenant: tenantNote(tenant, domain, typed, proof) };
}

function newPage(deps: Deps): FormPage<keyof typeof NEW_PARTNER_FIELDS> {
  return {
    view: 'admin/partner',
    path: '/admin/partners/new',
    back: '/admin/partners',
    fields: NEW_PARTNER_FIELDS,
    find: () => undefined,
    at: ({ partners }) => ['partners', partners.length],
    isNew: true,
    locals: { id: null, open: [], enabled: true, ...commonLocals(deps) },
  };
}

async function pageOf(deps: Deps, res: Response, id: string): Promise<FormPage<keyof typeof PARTNER_FIELDS>> {
  const indexIn = ({ partners }: WrittenPolicy) => partners.findIndex((partner) => partner.id === id);
  const mayRemove = accessIn(res).rights.has('policy.write');
  return {
    view: 'admin/partner',
    path: partnerPath(id),
    back: partnerPath(id),
    fields: PARTNER_FIELDS,
    find: (policy) => policy.partners[indexIn(policy)],
    at: (policy) => ['partners', indexIn(policy)],
    isNew: false,
    locals: {
      id,
      open: mayRemove ? await countOpenRequests(deps.store.db, [id]) : [],
      enabled: deps.policy.current().policy.partner(id)?.enabled ?? true,
      ...commonLocals(deps),
    },
  };
}

function commonLocals({ policy, config }: Deps): Record<string, unknown> {
  const { apps, groups } = policy.current().policy.document;
  const proofs = (chosen: unknown) => proofChoices(config, chosen);
  return { apps, groups, appPath, groupPath, tickChoices, proofChoices: proofs, search: null, tenant: null };
}
