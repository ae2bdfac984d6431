import type { RequestHandler, Response } from 'express';
import type { Deps } from '../../../deps.js';
import { choice, flag, lines, readForm, textOf, type Fields } from '../form/fields.js';
import { renderForm, submitForm, type FormPage } from '../form/formPage.js';
import { bodyOf, type Body } from '../form/typedForm.js';

/** Which addresses are never let in, and what becomes of those that no partner lists. */
const RULE_FIELDS = {
  denied: lines(['deny', 'domains']),
  consumer: flag(['deny', 'consumer'], false),
  disposable: flag(['deny', 'disposable'], false),
  unlisted: choice(['unlisted'], 'deny'),
} satisfies Fields<string>;

const RULES_PAGE: FormPage<keyof typeof RULE_FIELDS> = {
  view: 'admin/partnerRules',
  path: '/admin/partners/rules',
  back: '/admin/partners/rules',
  object: { section: 'rules' },
  isNew: false,
  fields: RULE_FIELDS,
  locals: () => ({}),
};

/** GET /admin/partners/rules */
export function showRules(deps: Deps): RequestHandler {
  return (_req, res) => renderForm(deps, res, RULES_PAGE);
}

/** POST /admin/partners/rules */
export function changeRules(deps: Deps): RequestHandler {
  return (req, res) => submitRules(deps, res, bodyOf(req));
}

export async function submitRules(deps: Deps, res: Response, body: Body): Promise<void> {
  const values = readForm(RULE_FIELDS, body);
  const base = textOf(body.base);
  if (body.again !== undefined) await renderForm(deps, res, RULES_PAGE, { values, base });
  else await submitForm(deps, res, RULES_PAGE, { base, values });
}
