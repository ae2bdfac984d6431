import type { RequestHandler, Response } from 'express';
import type { Deps } from '../../deps.js';
import { blocksOf } from '../terms.js';
import { line, lines, readForm, text, textOf, type Fields, type FormValues } from './form/fields.js';
import {
  bodyOf,
  changeEdits,
  conflictOf,
  renderForm,
  requireEditable,
  sendOn,
  type FormPage,
} from './form/formPage.js';
import { writtenPolicy } from './form/writtenPolicy.js';

/** How the portal presents itself. The terms of use are a text of their own, beside the policy. */
const SETTINGS_FIELDS = {
  organization: line(['organization'], { required: true }),
  contact: line(['contact'], { required: true }),
  welcome: text(['welcome']),
  logo: line(['logo']),
  colour: line(['colour']),
  reviewers: lines(['reviewers']),
} satisfies Fields<string>;

type Name = keyof typeof SETTINGS_FIELDS;

const PAGE: FormPage<Name> = {
  view: 'admin/settings',
  path: '/admin/settings',
  back: '/admin/settings',
  fields: SETTINGS_FIELDS,
  find: ({ portal }) => portal,
  at: () => ['portal'],
  isNew: false,
  locals: {},
};

/** GET /admin/settings */
export function showSettings(deps: Deps): RequestHandler {
  return (_req, res) => render(deps, res, { terms: termsOf(deps).text });
}

/** POST /admin/settings */
export function changeSettings(deps: Deps): RequestHandler {
  return async (req, res) => {
    const body = bodyOf(req);
    const values = readForm(SETTINGS_FIELDS, body);
    const typed = { base: textOf(body.base), values, terms: textOf(body.terms).replace(/\r\n?/g, '\n') };
    const looked = body.preview !== undefined || body.again !== undefined;
    await (looked ? render : submit)(deps, res, { ...typed, termsBase: textOf(body.termsBase) });
  };
}

type Typed = { base: string; values: FormValues<Name>; terms: string; termsBase: string };

async function submit(deps: Deps, res: Response, typed: Typed): Promise<void> {
  await requireEditable(deps, res);
  const { values, terms } = typed;
  const current = termsOf(deps);
  const changed = terms.trim() !== current.text.trim();
  const conflict = await conflictOf(deps, PAGE, typed);
  if (conflict || (changed && typed.termsBase !== current.hash)) {
    const differences = [
      ...(conflict?.differences ?? []),
      ...(changed ? [{ name: 'terms', now: current.text, typed: terms }] : []),
    ];
    await render(deps, res, { status: 409, values, terms, conflict: { gone: false, differences } });
    return;
  }
  const edits = changeEdits(PAGE, writtenPolicy(deps.policy.current()), values);
  const removed = changed && terms.trim() === '';
  await sendOn(
    deps,
    res,
    PAGE,
    {
      edits: removed ? [...edits, { path: ['portal', 'terms'], value: undefined }] : edits,
      ...(changed && !removed && { terms }),
      typed: { ...values, terms, termsBase: typed.termsBase },
    },
    (shown) => render(deps, res, { terms, ...(shown.status === 422 ? { ...typed } : {}), ...shown }),
  );
}

/** The form; the text that stands in it is shown beside it as people will read it. */
function render(deps: Deps, res: Response, shown: { terms: string; [more: string]: unknown }): Promise<void> {
  const { hash } = termsOf(deps);
  return renderForm(deps, res, PAGE, {
    termsBase: hash,
    termsHash: hash,
    blocks: blocksOf(shown.terms),
    ...shown,
  });
}

function termsOf({ policy }: Deps): { text: string; hash: string } {
  return policy.current().terms ?? { text: '', hash: '' };
}
