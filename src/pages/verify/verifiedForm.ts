import type { Request, RequestHandler, Response } from 'express';
import type { Deps } from '../../deps.js';
import type { TenantIdentity } from '../../entra/tenantIdentity.js';
import { tenantSignInOver } from '../../errors.js';
import { rememberBrowser } from '../../http/browserKey.js';
import { switchLanguage } from '../../http/language.js';
import { SIGN_IN_SECONDS } from '../../http/sessionStore.js';
import { parseAddress, type Address } from '../../policy/address.js';
import { tenantProof, refusalOf } from '../../requests/prove/tenant.js';
import { submit } from '../../requests/submit/submit.js';
import { botSigns } from '../signUp/botSigns.js';
import { showDetailsForm, termsHashes, type Shown } from '../signUp/forms.js';
import { EMPTY_FORM, NO_FAULTS, readSignUpForm, typedValues } from '../signUp/signUpForm.js';
import { showRefusal } from './tenantRefused.js';

type Known = { identity: TenantIdentity; address: Address; signedInAt: Date };
type Form = Record<string, unknown> | undefined;

/** GET /verify/form: the form, filled in from the sign-in; without a sign-in it leads to one. */
export function showVerifiedForm(deps: Deps): RequestHandler {
  return (req, res) => {
    const known = whoSignedIn(req);
    if (!known) {
      res.redirect(303, '/verify/tenant');
      return;
    }
    const { firstName, lastName } = known.identity;
    render(deps, res, known, { ...NO_FAULTS, values: { ...EMPTY_FORM, firstName, lastName } });
  };
}

/** POST /verify/form: always with the address of the sign-in. */
export function signUpVerified(deps: Deps): RequestHandler<object, unknown, Form> {
  const { suspicions } = botSigns(deps);
  return async (req, res) => {
    const known = whoSignedIn(req);
    if (!known) throw tenantSignInOver();
    const { identity, address, signedInAt } = known;
    if (switchLanguage(deps, req, res)) {
      render(deps, res, known, { ...NO_FAULTS, values: typedValues(req.body) }, req.body);
      return;
    }
    // The policy may name another tenant now, or none.
    const refused = await refusalOf(deps, identity, address);
    if (refused) {
      showRefusal(res, { reason: refused, account: identity.account });
      return;
    }
    // The proof is for this address, so no suggestion may replace it.
    const fields = { ...req.body, email: address.canonical, useSuggestion: undefined };
    const form = readSignUpForm(fields, termsHashes(deps, res));
    if (!form.ok) {
      render(deps, res.status(422), known, form, req.body);
      return;
    }
    const browser = rememberBrowser(deps.config, req, res);
    const { token } = await submit(
      deps,
      { ...form.input, address, language: res.locals.language },
      { browser, suspicions: suspicions(req.body), proof: tenantProof(identity, browser, signedInAt) },
    );
    // The sign-in stays valid for its time, so that a form that is sent twice leads to the same request.
    res.redirect(303, `/requests/${token}`);
  };
}

/** The sign-in, while it is valid. */
function whoSignedIn({ session: { tenantIdentity } }: Pick<Request, 'session'>): Known | null {
  if (!tenantIdentity) return null;
  const { address: text, signedInAt, ...identity } = tenantIdentity;
  const parsed = parseAddress(text);
  if (!parsed.ok || Date.now() - signedInAt > SIGN_IN_SECONDS * 1000) return null;
  return { identity, address: parsed.address, signedInAt: new Date(signedInAt) };
}

function render(deps: Deps, res: Response, { address, identity }: Known, shown: Shown, posted?: Form): void {
  const values = { ...shown.values, email: address.canonical };
  // The address is not typed, so no other is suggested.
  showDetailsForm(deps, res, { ...shown, values, suggestion: null }, { posted, account: identity.account });
}
