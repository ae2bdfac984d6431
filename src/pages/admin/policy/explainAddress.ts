import type { RequestHandler } from 'express';
import type { Deps } from '../../../deps.js';
import type { Translate } from '../../../language.js';
import type { Decision, Reason } from '../../../policy/decision.js';
import { explain, type Explanation } from '../../../policy/explain.js';
import type { Policy } from '../../../policy/policy.js';

/** GET /admin/policy/explain?address=… */
export function explainAddress({ policy }: Deps): RequestHandler {
  return (req, res) => {
    const { address } = req.query;
    const isGiven = typeof address === 'string';
    const explanation = isGiven ? explain(policy.current().policy, address) : null;
    res.status(explanation?.ok === false ? 422 : 200).render('admin/explainAddress', {
      address: isGiven ? address : '',
      explanation: explanation && inWords(policy.current().policy, explanation, res.locals.t),
    });
  };
}

/** What the command `policy explain` says, in the reader's language. */
function inWords(policy: Policy, explanation: Explanation, t: Translate) {
  if (!explanation.ok) {
    const { fault, suggestion } = explanation;
    return { fault: t(`policy.addressFault.${fault}`), suggestion: suggestion ?? null };
  }
  const { address, decision, afterProof, others } = explanation;
  return {
    fault: null,
    address: address.canonical,
    outcome: t(`policy.outcome.${decision.outcome}`),
    code: decision.outcome,
    partner: partnerOf(policy, decision),
    rule: decision.rule,
    reasons: decision.reasons.map((reason) => reasonInWords(reason, t)),
    after: afterProof && afterInWords(afterProof, t),
    grants: grantsOf(decision),
    others: others.map(({ rule, partner, because }) => ({
      rule,
      partner,
      why: t(`policy.because.${because.code}`, because),
    })),
  };
}

/** What follows the proof; the rule that fired is the same, and is not explained again. */
function afterInWords({ outcome, reasons }: Decision, t: Translate) {
  return {
    outcome: t(`policy.outcome.${outcome}`),
    code: outcome,
    reasons: reasons.slice(1).map((reason) => reasonInWords(reason, t)),
  };
}

function partnerOf(policy: Policy, { partner: id }: Decision): { id: string; name: string } | null {
  return id === null ? null : { id, name: policy.partner(id)?.name ?? id };
}

function reasonInWords(reason: Reason, t: Translate): string {
  const code = reason.code === 'unlisted' ? `unlisted.${reason.outcome}` : reason.code;
  return t(`request.because.${code}`, { ...reason });
}

function grantsOf({ grants }: Decision) {
  return {
    groups: grants.groups.map(({ name, id }) => `${name} (${id})`),
    roles: grants.appRoles.map(({ name, appRoleId }) => `${name} (${appRoleId})`),
    apps: grants.apps.map(({ name, url }) => `${name} (${url})`),
  };
}
