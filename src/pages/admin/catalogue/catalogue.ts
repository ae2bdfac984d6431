import type { RequestHandler, Response } from 'express';
import type { Deps } from '../../../deps.js';
import { notFound } from '../../../errors.js';
import type { PolicyApp, PolicyDocument, PolicyGroup } from '../../../policy/schema.js';
import { APP_FIELDS, GROUP_FIELDS } from './catalogueForm.js';
import { useApp, useGroup, type Used } from './catalogueUse.js';
import { answer, askedOf } from '../form/asking.js';
import { readForm, textOf, type Fields, type FormValues } from '../form/fields.js';
import {
  bodyOf,
  renderForm,
  requireEditable,
  savedNotice,
  submitForm,
  type FormPage,
} from '../form/formPage.js';
import { editing, since } from '../form/writtenPolicy.js';
import { appPath, groupPath, partnerPath } from '../objectPath.js';
import { showProposal } from '../policy/policyPreview.js';

/** What there is to give: two lists of the policy, whose items have keys. */
export type Kind = 'apps' | 'groups';
type KeyParams = { key: string };

const KINDS: Record<Kind, { view: string; fields: Fields<string>; path: (key: string) => string }> = {
  apps: { view: 'admin/app', fields: APP_FIELDS, path: appPath },
  groups: { view: 'admin/group', fields: GROUP_FIELDS, path: groupPath },
};

/** Who gets an app or a group: it cannot be removed before they are without it. */
export type Use = { kind: 'app' | 'partner'; key: string; name: string; path: string };

/** GET /admin/apps and /admin/groups */
export function listCatalogue(deps: Deps, kind: Kind): RequestHandler {
  return async (_req, res) => {
    const { document } = deps.policy.current().policy;
    const items = Object.entries<PolicyApp | PolicyGroup>(document[kind]).map(([key, item]) => ({
      key,
      item,
      path: KINDS[kind].path(key),
      uses: usesOf(document, kind, key).length,
    }));
    res.render('admin/catalogue', {
      kind,
      items,
      groups: document.groups,
      closed: await editing(deps, res),
      notice: savedNotice(res),
    });
  };
}

/** GET /admin/apps/new and /admin/groups/new */
export function newItem(deps: Deps, kind: Kind): RequestHandler {
  return (_req, res) => renderForm(deps, res, newPage(deps, kind, ''));
}

/** GET /admin/apps/:key and /admin/groups/:key */
export function showItem(deps: Deps, kind: Kind): RequestHandler<KeyParams> {
  return (req, res) => renderForm(deps, res, pageOf(deps, kind, req.params.key));
}

/** POST /admin/apps/new and /admin/groups/new */
export function addItem(deps: Deps, kind: Kind): RequestHandler {
  return async (req, res) => {
    const body = bodyOf(req);
    const key = textOf(body.key).trim();
    const page = newPage(deps, kind, key);
    if (await answered(deps, res, page, kind, body)) return;
    const values = readForm(page.fields, body);
    const { [kind]: taken } = deps.policy.current().policy.document;
    const { t } = res.locals;
    if (body.again !== undefined) {
      await renderForm(deps, res, page, { values, base: textOf(body.base) });
      return;
    }
    const fault =
      key === '' ? t('catalogue.key.missing') : Object.hasOwn(taken, key) ? t('catalogue.key.taken') : null;
    if (fault !== null) {
      await renderForm(deps, res, page, { status: 422, values, faults: [{ field: 'key', message: fault }] });
      return;
    }
    await submitForm(deps, res, page, { base: textOf(body.base), values, besides: { key } });
  };
}

/** POST /admin/apps/:key and /admin/groups/:key */
export function changeItem(deps: Deps, kind: Kind): RequestHandler<KeyParams> {
  return async (req, res) => {
    await deps.policy.reload();
    const body = bodyOf(req);
    const page = pageOf(deps, kind, req.params.key);
    if (await answered(deps, res, page, kind, body)) return;
    const values = readForm(page.fields, body);
    await submitForm(deps, res, page, { base: textOf(body.base), values, again: body.again !== undefined });
  };
}

/** POST /admin/apps/:key/remove and /admin/groups/:key/remove; refused while something refers to it. */
export function removeItem(deps: Deps, kind: Kind): RequestHandler<KeyParams> {
  return async (req, res) => {
    await requireEditable(deps, res);
    const { key } = req.params;
    const page = pageOf(deps, kind, key);
    const current = deps.policy.current();
    if (usesOf(current.policy.document, kind, key).length > 0) {
      await renderForm(deps, res, page, { status: 409, notice: 'used' });
      return;
    }
    if (!(await since(deps, textOf(bodyOf(req).base), page.find)).fresh) {
      await renderForm(deps, res, page, { status: 409, conflict: { gone: false, differences: [] } });
      return;
    }
    const edits = [{ path: [kind, key], value: undefined }];
    const form = { path: `${page.path}/remove`, values: {} };
    await showProposal(deps, res, { base: current.hash, edits }, { back: `/admin/${kind}`, form });
  };
}

/** Answers a form that was sent for a search, or to take over what was found; tells whether it did. */
async function answered(
  deps: Deps,
  res: Response,
  page: FormPage<string>,
  kind: Kind,
  body: Record<string, unknown>,
): Promise<boolean> {
  const asked = askedOf(body, [kind]);
  const chosen = body.use ?? body.useRole;
  if (!asked && chosen === undefined) return false;
  const values = readForm(page.fields, body);
  const base = textOf(body.base);
  if (asked) {
    await renderForm(deps, res, page, { values, base, search: await answer(deps, kind, asked) });
    return true;
  }
  const typed = { values, key: textOf(body.key).trim() };
  const used: Used =
    body.useRole !== undefined
      ? { ...typed, values: { ...values, appRoleId: textOf(body.useRole) } }
      : await { apps: useApp, groups: useGroup }[kind](deps, textOf(body.use), typed);
  await renderForm(deps, res, page, { base, ...used, ...(!page.isNew && { key: page.locals.key }) });
  return true;
}

function newPage(deps: Deps, kind: Kind, key: string): FormPage<string> {
  const { view, fields } = KINDS[kind];
  return {
    view,
    path: `/admin/${kind}/new`,
    back: `/admin/${kind}`,
    fields,
    find: () => undefined,
    at: () => [kind, key],
    isNew: true,
    otherwise: 'key',
    locals: { ...commonLocals(deps), key, uses: [] },
  };
}

function pageOf(deps: Deps, kind: Kind, key: string): FormPage<string> {
  const { view, fields, path } = KINDS[kind];
  const { document } = deps.policy.current().policy;
  if (!Object.hasOwn(document[kind], key)) throw notFound();
  return {
    view,
    path: path(key),
    back: path(key),
    fields,
    find: (policy) => {
      const items = writtenItems(policy[kind]);
      return Object.hasOwn(items, key) ? items[key] : undefined;
    },
    at: () => [kind, key],
    isNew: false,
    locals: { ...commonLocals(deps), key, uses: usesOf(document, kind, key) },
  };
}

const writtenItems = (items: Record<string, FormValues<string> | object> | undefined) =>
  (items ?? {}) as Record<string, unknown>;

function commonLocals({ policy }: Deps): Record<string, unknown> {
  return { groups: policy.current().policy.document.groups, search: null, roles: null, obstacle: null };
}

function usesOf({ apps, partners }: PolicyDocument, kind: Kind, key: string): Use[] {
  const ofApps = kind === 'apps' ? [] : Object.entries(apps).filter(([, app]) => app.groups.includes(key));
  return [
    ...ofApps.map(([app, { name }]): Use => ({ kind: 'app', key: app, name, path: appPath(app) })),
    ...partners
      .filter((partner) => partner[kind].includes(key))
      .map(({ id, name }): Use => ({ kind: 'partner', key: id, name, path: partnerPath(id) })),
  ];
}
