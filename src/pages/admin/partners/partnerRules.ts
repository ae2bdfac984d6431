import type { RequestHandler } from 'express';
import type { Deps } from '../../../deps.js';
import { choice, flag, lines, readForm, textOf, type Fields } from '../form/fields.js';
import { bodyOf, renderForm, submitForm, type FormPage } from '../form/formPage.js';

/** Who is never let in, and what becomes of those whom no partner lists. */
const RULE_FIELDS = {
  denied: lines(['deny', 'domains']),
  consumer: flag(['deny', 'consumer'], false),
  disposable: flag(['deny', 'disposable'], false),
  unlisted: choice(['unlisted'], 'deny'),
} satisfies Fields<string>;

const PAGE: FormPage<keyof typeof RULE_FIELDS> = {
  view: 'admin/partnerRules',
  path: '/admin/partners/rules',
  back: '/admin/partners/rules',
  fields: RULE_FIELDS,
  find: ({ deny, unlisted }) => ({ deny, unlisted }),
  at: () => [],
  isNew: false,
  locals: {},
};

/** GET /admin/partners/rules */
export function showRules(deps: Deps): RequestHandler {
  return (_req, res) => renderForm(deps, res, PAGE);
}

/** POST /admin/partners/rules */
export function changeRules(deps: Deps): RequestHandler {
  return (req, res) => {
    const body = bodyOf(req);
    const values = readForm(RULE_FIELDS, body);
    return submitForm(deps, res, PAGE, { base: textOf(body.base), values, again: body.again !== undefined });
  };
}
