import type { Response } from 'express';
import type { Deps } from '../../deps.js';
import { isTenantOffered } from '../../requests/prove/tenant.js';
import { botSigns } from './botSigns.js';
import type { FormFaults, FormValues } from './signUpForm.js';

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
    termsHash: deps.policy.current().terms?.hash ?? null,
    begun: botSigns(deps).begun(posted),
    tenant,
    fixed: account === undefined ? null : { account },
  });
}
