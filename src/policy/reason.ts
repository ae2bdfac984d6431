/** One step of a decision: a stable code for pages to put into words, and what the words need. `partner` is an id. */
export type Reason =
  | { code: 'denied.domain'; rule: string }
  | { code: 'denied.consumer' | 'denied.disposable'; domain: string }
  | { code: 'denied.lookAlike'; domain: string; near: string }
  | { code: 'address.listed' | 'domain.listed' | 'domain.wildcard'; rule: string; partner: string }
  | { code: 'partner.disabled' | 'proof.mailbox' | 'proof.tenant' | 'approval.manual'; partner: string }
  | { code: 'unlisted'; outcome: 'deny' | 'review' };

/** The reason as an English sentence for admins. */
export function explainReason(reason: Reason): string {
  switch (reason.code) {
    case 'denied.domain':
      return `The policy refuses ${reason.rule}; this beats every partner.`;
    case 'denied.consumer':
      return `${reason.domain} is a public mail provider, and the policy refuses those.`;
    case 'denied.disposable':
      return `${reason.domain} is a throw-away mail provider, and the policy refuses those.`;
    case 'denied.lookAlike':
      return `${reason.domain} looks like ${reason.near}, which a partner lists, but is another domain.`;
    case 'address.listed':
      return `Partner ${reason.partner} lists exactly this address.`;
    case 'domain.listed':
      return `Partner ${reason.partner} lists the domain ${reason.rule}.`;
    case 'domain.wildcard':
      return `Partner ${reason.partner} lists ${reason.rule}, which covers every domain below it.`;
    case 'partner.disabled':
      return `Partner ${reason.partner} is switched off, so its people are refused.`;
    case 'proof.mailbox':
      return `Partner ${reason.partner} requires people to prove first that the mailbox is theirs.`;
    case 'proof.tenant':
      return `Partner ${reason.partner} requires people to sign in first at their home tenant.`;
    case 'approval.manual':
      return `Partner ${reason.partner} leaves the approval to a person.`;
    case 'unlisted':
      return reason.outcome === 'review'
        ? 'No partner lists this address, and the policy leaves such requests to an approver.'
        : 'No partner lists this address, and the policy refuses such requests.';
  }
}
