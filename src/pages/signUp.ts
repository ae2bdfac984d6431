import type { RequestHandler } from 'express';
import type { Deps } from '../deps.js';
import { rememberBrowser } from '../http/browserKey.js';
import { submit } from '../requests/submit.js';
import { EMPTY_FORM, readSignUpForm } from './signUpForm.js';

/** GET / */
export function showForm({ policy }: Deps): RequestHandler {
  return (_req, res) => {
    res.render('signUp', {
      values: EMPTY_FORM,
      faults: [],
      suggestion: null,
      termsHash: policy.current().terms?.hash ?? null,
    });
  };
}

/** POST /sign-up */
export function signUp(deps: Deps): RequestHandler<object, unknown, Record<string, unknown> | undefined> {
  return async (req, res) => {
    const termsHash = deps.policy.current().terms?.hash ?? null;
    const form = readSignUpForm(req.body, termsHash);
    if (!form.ok) {
      res.status(422).render('signUp', { ...form, termsHash });
      return;
    }
    const application = { ...form.input, language: res.locals.language as string };
    const { token } = await submit(deps, application, {
      browser: rememberBrowser(deps.config, req, res),
      suspicions: [],
    });
    res.redirect(303, `/requests/${token}`);
  };
}
