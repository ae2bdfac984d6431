import type { Response } from 'express';
import type { Deps } from '../../deps.js';
import { textsIn } from '../../policy/texts.js';
import { isTenantOffered } from '../../requests/prove/tenant.js';
import { showText, type ShownText } from '../inLanguage.js';
import { termsPath } from '../terms.js';
import { botSigns } from './botSigns.js';
import { isTermsHash, type FormFaults, type FormValues, type TermsHashes } from './signUpForm.js';

type Posted = Record<string, unknown> | undefined;

/** `notice` says why a form is shown again although nothing typed is wrong. */
export type Shown = FormFaults & { values: FormValues; notice?: { title: string; text: string } };

type Details = {
  posted?: Posted;
  /** See `countedOnce.ts`; without it, that of the posted form. */
  counted?: string;
  /** The policy wants a sign-in at the home organisation for this address. */
  tenant?: boolean;
  /** The account of a person who has signed in there: the address is theirs and cannot be changed. */
  account?: string;
};

/** Renders the first step: the address. What was typed in the second goes along. */
export function showAddressForm(deps: Deps, res: Response, shown: Shown, posted?: Posted): void {
  res.render('signUpAddress', {
    notice: null,
    ...shown,
    welcome: welcomeFor(deps, res),
    begun: botSigns(deps).begun(posted),
    tenantOffered: isTenantOffered(deps.policy.current().policy),
  });
}

/** Renders the second step: who wants access, and for what. */
export function showDetailsForm(deps: Deps, res: Response, shown: Shown, details: Details = {}): void {
  const { posted, tenant = false, account } = details;
  const { counted = typeof posted?.counted === 'string' ? posted.counted : '' } = details;
  res.render('signUp', {
    notice: null,
    ...shown,
    counted,
    terms: termsFor(deps, res, shown.values),
    begun: botSigns(deps).begun(posted),
    tenant,
    // In Chinese the family's name comes first.
    nameFields: res.locals.language.startsWith('zh') ? ['lastName', 'firstName'] : ['firstName', 'lastName'],
    fixed: account === undefined ? null : { account },
  });
}

/** The organisation's own words above the form, or ours. */
function welcomeFor({ policy }: Deps, res: Response): ShownText<string> {
  const { welcome, organization } = policy.current().policy.document.portal;
  const shown = showText(textsIn(welcome), res.locals);
  if (shown && shown.text.text !== '') return { ...shown, text: shown.text.text };
  return { text: res.locals.t('form.welcome', { organization }), mark: null, note: null };
}

/** A tick belongs to the text beside it: terms that have changed, and those in another language, are another text. */
function termsFor({ policy }: Deps, res: Response, values: FormValues) {
  const shown = showText(policy.current().terms?.texts ?? [], res.locals);
  if (!shown) return null;
  const { hash, language } = shown.text;
  const isAccepted = values.terms !== '' && (!isTermsHash(values.terms) || values.terms === hash);
  return { hash, path: termsPath(language), note: shown.note, isAccepted };
}

export function termsHashes({ policy }: Deps, res: Response): TermsHashes | null {
  const { texts = [] } = policy.current().terms ?? {};
  const shown = showText(texts, res.locals);
  return shown && { shown: shown.text.hash, all: texts.map(({ hash }) => hash) };
}
