import type { RequestHandler, Response } from 'express';
import type { Deps } from '../../deps.js';
import { writtenTerms } from '../../policyFile/terms.js';
import { blocksOf } from '../terms.js';
import {
  line,
  lines,
  readForm,
  showTexts,
  textOf,
  texts,
  textsOf,
  writeTexts,
  type Fields,
  type FormValue,
} from './form/fields.js';
import { renderForm, submitForm, type FormPage } from './form/formPage.js';
import { nameOfTag, textRows, type TextRow } from './form/textRows.js';
import { bodyOf, type Body } from './form/typedForm.js';

/** How the portal presents itself. The terms of use are a text of their own, beside the policy. */
const SETTINGS_FIELDS = {
  organization: line(['organization'], { required: true }),
  contact: line(['contact'], { required: true }),
  reviewers: lines(['reviewers']),
  welcome: texts(['welcome']),
  logo: line(['logo']),
  colour: line(['colour']),
} satisfies Fields<string>;

/** `termsBase` is the SHA-256 of the terms that the form was made from; '' for none. */
type SettingsLocals = {
  termsBase: string;
  /** The texts of `welcome` and of `terms`. */
  rowsOf: (name: string, typed: FormValue) => TextRow[];
  terms: string[];
  /** The terms in force, by language and SHA-256. */
  inForce: { label: string; hash: string }[];
  /** The terms in the form, as people will read them. */
  previews: (TextRow & { blocks: ReturnType<typeof blocksOf> })[];
};

/** GET /admin/settings */
export function showSettings(deps: Deps): RequestHandler {
  return (_req, res) => {
    const { terms } = deps.policy.current();
    const texts = { welcome: [], terms: terms ? showTexts(writtenTerms(terms)) : [] };
    return renderForm(deps, res, settingsPage(deps, res, texts, terms?.hash ?? ''));
  };
}

/** POST /admin/settings */
export function changeSettings(deps: Deps): RequestHandler {
  return (req, res) => submitSettings(deps, res, bodyOf(req));
}

export async function submitSettings(deps: Deps, res: Response, body: Body): Promise<void> {
  const values = readForm(SETTINGS_FIELDS, body);
  const typed = { welcome: values.welcome, terms: textsOf(body.terms) };
  const page = settingsPage(deps, res, typed, textOf(body.termsBase));
  const base = textOf(body.base);
  const isShownAgain = body.preview !== undefined || body.again !== undefined;
  if (isShownAgain) await renderForm(deps, res, page, { values, base });
  else await submitForm(deps, res, page, { base, values });
}

/** @param typed the texts that are typed, by their fields */
function settingsPage(
  deps: Deps,
  { locals }: Response,
  typed: { welcome: FormValue; terms: string[] },
  termsBase: string,
): FormPage<keyof typeof SETTINGS_FIELDS, SettingsLocals> {
  const rowsOf = (name: string, value: FormValue) => textRows(name, value, deps.languages.available, locals);
  return {
    view: 'admin/settings',
    path: '/admin/settings',
    back: '/admin/settings',
    object: { section: 'portal' },
    isNew: false,
    fields: SETTINGS_FIELDS,
    order: [...Object.keys(SETTINGS_FIELDS), 'terms'].flatMap((name) =>
      name === 'welcome' || name === 'terms' ? rowsOf(name, typed[name]).map(({ id }) => id) : name,
    ),
    besides: { terms: typed.terms, termsBase },
    terms: { texts: writeTexts(typed.terms), base: termsBase },
    locals(base) {
      const { terms } = deps.policy.current();
      return {
        termsBase: base === undefined ? (terms?.hash ?? '') : termsBase,
        rowsOf,
        terms: typed.terms,
        inForce: (terms?.texts ?? []).map(({ language, hash }) => ({
          label: language === null ? '' : nameOfTag(language, locals),
          hash,
        })),
        previews: rowsOf('terms', typed.terms)
          .filter(({ text }) => text.trim() !== '')
          .map((row) => ({ ...row, blocks: blocksOf(row.text) })),
      };
    },
  };
}
