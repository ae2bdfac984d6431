import { choice, flag, line, lines, text, ticks, whole, type Fields } from '../form/fields.js';

/** Every setting of a partner but its id, which lasts: requests refer to it. */
export const PARTNER_FIELDS = {
  name: line(['name'], { required: true }),
  domains: lines(['domains'], { required: true }),
  tenantId: line(['tenantId']),
  approval: choice(['approval'], 'automatic'),
  proof: choice(['proof'], 'invitation'),
  apps: ticks(['apps']),
  groups: ticks(['groups']),
  redirectUrl: line(['invitation', 'redirectUrl']),
  message: text(['invitation', 'message']),
  language: line(['invitation', 'language']),
  userType: choice(['invitation', 'userType'], 'Guest'),
  sponsors: lines(['invitation', 'sponsors']),
  approvers: lines(['approvers']),
  notify: choice(['notify'], 'atOnce'),
  perDay: whole(['limits', 'perDay']),
  total: whole(['limits', 'total']),
  enabled: flag(['enabled'], true),
} satisfies Fields<string>;

/** Of a partner that is new, which gets its id once. */
export const NEW_PARTNER_FIELDS = {
  id: line(['id'], { required: true }),
  ...PARTNER_FIELDS,
} satisfies Fields<string>;
