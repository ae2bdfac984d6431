import type { RequestHandler } from 'express';
import type { Deps } from '../../deps.js';
import { rememberBrowser } from '../../http/browserKey.js';
import { didYouMean } from '../../policy/lookAlikes/didYouMean.js';
import { isTenantOffered } from '../../requests/prove/tenant.js';
import { submit } from '../../requests/submit/submit.js';
import { botSigns } from './botSigns.js';
import { EMPTY_FORM, readSignUpForm } from './signUpForm.js';

/** GET / */
export function showForm(deps: Deps): RequestHandler {
  const { policy } = deps;
  const { begun } = botSigns(deps);
  return (_req, res) => {
    res.render('signUp', {
      values: EMPTY_FORM,
      faults: [],
      suggestion: null,
      termsHash: policy.current().terms?.hash ?? null,
      begun: begun(),
      tenantOffered: isTenantOffered(policy.current().policy),
    });
  };
}

/** POST /sign-up */
export function signUp(deps: Deps): RequestHandler<object, unknown, Record<string, unknown> | undefined> {
  const { begun, suspicions } = botSigns(deps);
  return async (req, res) => {
    const { policy, terms } = deps.policy.current();
    const termsHash = terms?.hash ?? null;
    const form = readSignUpForm(req.body, termsHash, (address) => didYouMean(policy, address));
    if (!form.ok) {
      res.status(422).render('signUp', { ...form, termsHash, begun: begun(req.body) });
      return;
    }
    const application = { ...form.input, language: res.locals.language };
    const { token } = await submit(deps, application, {
      browser: rememberBrowser(deps.config, req, res),
      suspicions: suspicions(req.body),
    });
    res.redirect(303, `/requests/${token}`);
  };
}
