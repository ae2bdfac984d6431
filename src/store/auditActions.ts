/**
 * Everything that the audit trail tells of; each has a sentence in `locales/` (`audit.action.<action>`). Older events keep
 * their words, so an action is never renamed.
 */
export const AUDIT_ACTIONS = [
  'request.submitted',
  'request.approved',
  'request.retried',
  'request.resend',
  // What somebody has shown, or tried to.
  'request.proven',
  'proof.failed',
  // What a request has become.
  'request.unproven',
  'request.pending',
  'request.queued',
  'request.provisioned',
  'request.denied',
  'request.failed',
  'request.held',
  'request.lapsed',
  'request.revoked',
  'requests.exported',
  'step.done',
  'step.unconfirmed',
  'step.failed',
  'policy.saved',
  'policy.rolledBack',
  'policy.loaded',
  'policy.refused',
  'notice.sent',
  'notice.failed',
  'signIn.succeeded',
  'signIn.refused',
  'signOut',
  'access.refused',
  'audit.exported',
  'audit.verified',
  'privacy.anonymised',
  'privacy.exported',
  'privacy.erased',
] as const;

export type AuditAction = (typeof AUDIT_ACTIONS)[number];
