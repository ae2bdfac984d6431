import type { Request, RequestHandler, Response } from 'express';
import type { Deps } from '../../deps.js';
import { readBrowser, rememberBrowser } from '../../http/browserKey.js';
import { switchLanguage } from '../../http/language.js';
import type { Address } from '../../policy/address.js';
import { decide, requiredProof } from '../../policy/decide.js';
import { didYouMean } from '../../policy/lookAlikes/didYouMean.js';
import { findSentHere } from '../../requests/follow/sentHere.js';
import { isTenantOffered } from '../../requests/prove/tenant.js';
import { submit, type Application } from '../../requests/submit/submit.js';
import { botSigns } from './botSigns.js';
import type { CountedOnce } from './countedOnce.js';
import { showAddressForm, showDetailsForm, termsHashes } from './forms.js';
import { EMPTY_FORM, NO_FAULTS, readAddressForm, readSignUpForm, typedValues } from './signUpForm.js';

type Form = Record<string, unknown> | undefined;

/** GET /, the first step. `?again=` names a request of this browser whose address was wrong: the rest need not be typed again. */
export function showForm(deps: Deps): RequestHandler {
  return async (req, res) => {
    const sent = await findSentHere(deps, req.query.again, readBrowser(deps.config, req));
    showAddressForm(deps, res, { ...NO_FAULTS, values: { ...EMPTY_FORM, ...sent } });
  };
}

/** GET of a path to which a form is sent. */
export const toForm: RequestHandler = (_req, res) => {
  res.redirect(303, '/');
};

/** POST /sign-up/address: what the policy says of an address is said before anything else is asked. */
export function takeAddress(deps: Deps, { receipt }: CountedOnce): RequestHandler<object, unknown, Form> {
  return async (req, res) => {
    if (switchLanguage(deps, req, res) || req.body?.change !== undefined) {
      showAddressForm(deps, res, { ...NO_FAULTS, values: typedValues(req.body) }, req.body);
      return;
    }
    const { policy } = deps.policy.current();
    const form = readAddressForm(req.body, (address) => didYouMean(policy, address));
    if (!form.ok) {
      showAddressForm(deps, res.status(422), form, req.body);
      return;
    }
    const decision = decide(policy, { address: form.address });
    if (decision.outcome === 'deny') {
      // Recorded like any other, so that admins see who asks, and a new policy is tried on them too.
      await finish(deps, req, res, { address: form.address, ...NOTHING_TYPED });
      return;
    }
    const values = { ...typedValues(req.body), email: form.address.canonical };
    const tenant = requiredProof(decision) === 'tenant' && isTenantOffered(policy);
    showDetailsForm(deps, res, { ...NO_FAULTS, values }, { posted: req.body, counted: receipt(), tenant });
  };
}

const NOTHING_TYPED = { firstName: '', lastName: '', company: '', reason: '', acceptedTerms: null };

/** POST /sign-up: the second step, or all at once. It decides again. */
export function signUp(deps: Deps): RequestHandler<object, unknown, Form> {
  return async (req, res) => {
    const { policy } = deps.policy.current();
    if (switchLanguage(deps, req, res)) {
      showDetailsForm(deps, res, { ...NO_FAULTS, values: typedValues(req.body) }, { posted: req.body });
      return;
    }
    const form = readSignUpForm(req.body, termsHashes(deps, res), (address) => didYouMean(policy, address));
    if (form.ok) await finish(deps, req, res, form.input);
    else showDetailsForm(deps, res.status(422), form, { posted: req.body });
  };
}

async function finish(
  deps: Deps,
  req: Request<object, unknown, Form>,
  res: Response,
  input: Omit<Application, 'language'> & { address: Address },
): Promise<void> {
  const { token } = await submit(
    deps,
    { ...input, language: res.locals.language },
    { browser: rememberBrowser(deps.config, req, res), suspicions: botSigns(deps).suspicions(req.body) },
  );
  res.redirect(303, `/requests/${token}`);
}
