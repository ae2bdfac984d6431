import type { RequestHandler, Response } from 'express';
import type { Deps } from '../../deps.js';
import { blocksOf } from '../terms.js';
import { line, lines, readForm, text, textOf, type Fields } from './form/fields.js';
import { renderForm, submitForm, type FormPage } from './form/formPage.js';
import { bodyOf, type Body } from './form/typedForm.js';

/** How the portal presents itself. The terms of use are a text of their own, beside the policy. */
const SETTINGS_FIELDS = {
  organization: line(['organization'], { required: true }),
  contact: line(['contact'], { required: true }),
  reviewers: lines(['reviewers']),
  welcome: text(['welcome']),
  logo: line(['logo']),
  colour: line(['colour']),
} satisfies Fields<string>;

/** `termsHash` is the SHA-256 of the terms in force, `termsBase` of those that the form was made from; '' for none. */
type SettingsLocals = {
  terms: string;
  termsHash: string;
  termsBase: string;
  /** The terms in the form, as people will read them. */
  blocks: ReturnType<typeof blocksOf>;
};

/** GET /admin/settings */
export function showSettings(deps: Deps): RequestHandler {
  return (_req, res) => {
    const { text, hash } = termsInForce(deps);
    return renderForm(deps, res, settingsPage(deps, { text, base: hash }));
  };
}

/** POST /admin/settings */
export function changeSettings(deps: Deps): RequestHandler {
  return (req, res) => submitSettings(deps, res, bodyOf(req));
}

export async function submitSettings(deps: Deps, res: Response, body: Body): Promise<void> {
  const terms = { text: textOf(body.terms).replace(/\r\n?/g, '\n'), base: textOf(body.termsBase) };
  const page = settingsPage(deps, terms);
  const values = readForm(SETTINGS_FIELDS, body);
  const base = textOf(body.base);
  const isShownAgain = body.preview !== undefined || body.again !== undefined;
  if (isShownAgain) await renderForm(deps, res, page, { values, base });
  else await submitForm(deps, res, page, { base, values });
}

function settingsPage(
  deps: Deps,
  terms: { text: string; base: string },
): FormPage<keyof typeof SETTINGS_FIELDS, SettingsLocals> {
  return {
    view: 'admin/settings',
    path: '/admin/settings',
    back: '/admin/settings',
    object: { section: 'portal' },
    isNew: false,
    fields: SETTINGS_FIELDS,
    besides: { terms: terms.text, termsBase: terms.base },
    terms,
    locals(base) {
      const { hash } = termsInForce(deps);
      const termsBase = base === undefined ? hash : terms.base;
      return { terms: terms.text, termsHash: hash, termsBase, blocks: blocksOf(terms.text) };
    },
  };
}

function termsInForce({ policy }: Deps): { text: string; hash: string } {
  return policy.current().terms ?? { text: '', hash: '' };
}
