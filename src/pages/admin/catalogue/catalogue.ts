import type { RequestHandler, Response } from 'express';
import { checkEditing } from '../../../administration/changePolicy.js';
import type { Deps } from '../../../deps.js';
import { accessIn } from '../../../http/guard.js';
import type { PolicyApp, PolicyGroup } from '../../../policy/schema.js';
import { readForm, textOf } from '../form/fields.js';
import { renderForm, savedNotice, submitForm } from '../form/formPage.js';
import { runSearch } from '../form/formSearch.js';
import { bodyOf, type Body } from '../form/typedForm.js';
import { itemPage, itemPath, newItemPage, usesOf, type ItemPage, type Kind } from './catalogueForm.js';
import { fillFromDirectory } from './fillFromDirectory.js';

type KeyParams = { key: string };

/** GET /admin/apps and /admin/groups */
export function listCatalogue(deps: Deps, kind: Kind): RequestHandler {
  return async (_req, res) => {
    const { document } = deps.policy.current().policy;
    const items = Object.entries<PolicyApp | PolicyGroup>(document[kind]).map(([key, item]) => ({
      key,
      item,
      path: itemPath(kind, key),
      uses: usesOf(document, kind, key).length,
    }));
    res.render('admin/catalogue', {
      kind,
      items,
      groups: document.groups,
      editing: await checkEditing(deps, accessIn(res)),
      notice: savedNotice(res),
    });
  };
}

/** GET /admin/apps/new and /admin/groups/new */
export function showNewItem(deps: Deps, kind: Kind): RequestHandler {
  return (_req, res) => renderForm(deps, res, newItemPage(deps, kind, ''));
}

/** GET /admin/apps/:key and /admin/groups/:key */
export function showItem(deps: Deps, kind: Kind): RequestHandler<KeyParams> {
  return (req, res) => renderForm(deps, res, itemPage(deps, kind, req.params.key));
}

/** POST /admin/apps/new and /admin/groups/new */
export function addItem(deps: Deps, kind: Kind): RequestHandler {
  return (req, res) => submitNewItem(deps, res, kind, bodyOf(req));
}

/** POST /admin/apps/:key and /admin/groups/:key */
export function changeItem(deps: Deps, kind: Kind): RequestHandler<KeyParams> {
  return (req, res) => submitItem(deps, res, { kind, key: req.params.key, body: bodyOf(req) });
}

/** POST /admin/apps/:key/remove and /admin/groups/:key/remove */
export function removeItem(deps: Deps, kind: Kind): RequestHandler<KeyParams> {
  return (req, res) => submitRemoval(deps, res, { kind, key: req.params.key, body: bodyOf(req) });
}

export async function submitNewItem(deps: Deps, res: Response, kind: Kind, body: Body): Promise<void> {
  const key = textOf(body.key).trim();
  const page = newItemPage(deps, kind, key);
  if (await showHelp(deps, res, page, { kind, body })) return;
  const values = readForm(page.fields, body);
  if (Object.hasOwn(deps.policy.current().policy.document[kind], key)) {
    const faults = [{ field: 'key', message: res.locals.t('catalogue.key.taken') }];
    await renderForm(deps, res, page, { status: 422, values, faults });
    return;
  }
  await submitForm(deps, res, page, { base: textOf(body.base), values });
}

type SentItem = { kind: Kind; key: string; body: Body };

export async function submitItem(deps: Deps, res: Response, { kind, key, body }: SentItem): Promise<void> {
  await deps.policy.reload();
  const page = itemPage(deps, kind, key);
  if (await showHelp(deps, res, page, { kind, body })) return;
  await submitForm(deps, res, page, { base: textOf(body.base), values: readForm(page.fields, body) });
}

/** Proposes to remove an item; refuses while something refers to it. */
export async function submitRemoval(deps: Deps, res: Response, { kind, key, body }: SentItem): Promise<void> {
  await deps.policy.reload();
  const page = itemPage(deps, kind, key);
  if (usesOf(deps.policy.current().policy.document, kind, key).length > 0) {
    await renderForm(deps, res, page, { status: 409, notice: 'used' });
    return;
  }
  const button = { name: 'remove', back: `/admin/${kind}`, edit: { path: [], value: undefined } };
  await submitForm(deps, res, page, { base: textOf(body.base), button });
}

/**
 * Shows a form again that was not sent to change the policy: for a search, to take over what was found, or from the preview.
 * Tells whether it did.
 */
async function showHelp(
  deps: Deps,
  res: Response,
  page: ItemPage,
  { kind, body }: { kind: Kind; body: Body },
): Promise<boolean> {
  const values = readForm(page.fields, body);
  const base = textOf(body.base);
  const search = await runSearch(deps, kind, { body, fields: [kind] });
  if (search) await renderForm(deps, res, page, { values, base, locals: { search } });
  else if (body.useRole !== undefined) {
    const chosen = { ...values, appRoleId: textOf(body.useRole) };
    await renderForm(deps, res, page, { values: chosen, base });
  } else if (body.use !== undefined) {
    const { key } = await page.locals();
    const filled = await fillFromDirectory(deps, kind, textOf(body.use), { values, key });
    await renderForm(deps, res, page, { base, ...filled });
  } else if (body.again !== undefined) await renderForm(deps, res, page, { values, base });
  else return false;
  return true;
}
