/** Why a sign-in, or a later look at a person's rights, failed. Stable: log lines and audit events hold it. */
export const ENTRA_FAULT_REASONS = [
  // No answer, or one of an overloaded service: it may work later.
  'unreachable',
  // An answer that is not what it should be.
  'unreadable',
  // The token endpoint refused us, not the person: the client secret is wrong or has ended.
  'clientRefused',
  // It refused the code or the refresh token.
  'grantRefused',
  // The id_token, by what is wrong with it.
  'token',
  'signature',
  'issuer',
  'audience',
  'expired',
  'nonce',
  'tenant',
  // What the browser brought back.
  'state',
  'denied',
  'callback',
] as const;
export type EntraFaultReason = (typeof ENTRA_FAULT_REASONS)[number];

/** Its message holds the reason and words of ours, never a token or a code. */
export class EntraFault extends Error {
  override name = 'EntraFault';
  constructor(
    readonly reason: EntraFaultReason,
    explanation: string,
    options?: ErrorOptions,
  ) {
    super(`${reason}: ${explanation}`, options);
  }
}
