import { z } from 'zod';
import { parseAddress } from './address.js';
import { GUID } from './guid.js';
import { isHttpsUrl } from './httpsUrl.js';
import { LICENSING, TIERS } from './licensing.js';
import { reason, type PolicyFaultCode, type ReasonOf } from './policyFault.js';

const KEY = /^[a-z0-9][a-z0-9_-]{0,63}$/i;
// PostgreSQL refuses lone surrogates.
const NO_CONTROL_CHARACTERS = /^[^\p{Cc}\p{Cs}]*$/u;
const TEXT = /^([^\p{Cc}\p{Cs}]|[\t\r\n])*$/u;

/** A message of zod's is a text, so the code and its values are packed into one; `validate.ts` unpacks them. */
export function says<Code extends PolicyFaultCode>(...fault: ReasonOf<Code>): string {
  return JSON.stringify(reason(...fault));
}

const guid = (error: string | z.core.$ZodErrorMap) => z.string().regex(GUID, { error }).toLowerCase();
/** A GUID in a list, which names the one at fault. */
const guidInList = (code: 'approvers.id' | 'sponsors.id') =>
  guid(({ input }) => says(code, { value: String(input) }));
const line = (member: 'name' | 'organization', max: number) =>
  z
    .string()
    .min(1, says(`${member}.missing`))
    .max(max, says(`${member}.tooLong`, { max }))
    .regex(NO_CONTROL_CHARACTERS, says(`${member}.character`));
const text = (member: 'message' | 'welcome', max: number) =>
  z
    .string()
    .max(max, says(`${member}.tooLong`, { max }))
    .regex(TEXT, says(`${member}.character`));
const httpsUrl = (member: 'url' | 'redirectUrl') =>
  z
    .string()
    .regex(/^https:\/\//, { error: says(`${member}.notHttps`), abort: true })
    .refine(isHttpsUrl, says(`${member}.malformed`));
export const keySchema = z.string().regex(KEY, says('key.malformed'));
const isMailAddress = (value: string) => parseAddress(value).ok;
const positive = (member: 'perDay' | 'perHour' | 'total') => z.int(says(member)).positive(says(member));
// The cross-check says whether each name exists.
const names = z.array(z.string());
const rule = z.string().min(1, says('rule.missing'));

/** A host of a URL, with a port where it is not the usual one. */
const host = z.string().regex(/^[a-z0-9-]+(\.[a-z0-9-]+)+(:\d{1,5})?$/i, {
  error: ({ input }) => says('redirectHosts', { value: String(input) }),
});

const termsFile = z.string().refine(isTermsPath, says('terms.path'));
const welcome = text('welcome', 2000);
/** A text, or one for each language by its tag; the cross-check looks at the tags. */
const byLanguage = (only: z.ZodType<string>, one: z.ZodType<string>) =>
  z.union([only, z.record(z.string(), one)], says('type.textOrTexts'));

const portal = z
  .strictObject({
    organization: line('organization', 100).describe('Your organisation, as partners know it.'),
    contact: z
      .string()
      .refine(isMailAddress, says('contact'))
      .describe("The email address partners write to when something doesn't work."),
    terms: byLanguage(termsFile, termsFile)
      .optional()
      .describe(
        'Terms of use that partners accept: a .md or .txt file beside this one, by relative path; or one for each language: { "en": "terms.md", "sv": "villkor.md" }.',
      ),
    welcome: byLanguage(welcome, welcome.regex(/\S/, says('welcome.missing')))
      .optional()
      .describe(
        'A short text above the sign-up form; or one for each language: { "en": "Welcome", "sv": "Välkommen" }.',
      ),
    logo: z
      .string()
      .refine(isLogo, says('logo'))
      .optional()
      .describe('Your logo: an https URL, or a path below /assets/ on this portal.'),
    colour: z
      .string()
      .regex(/^#[0-9a-f]{6}$/i, says('colour'))
      .optional()
      .describe('Your colour, as #rrggbb.'),
    reviewers: z
      .array(
        z.string().refine(isMailAddress, {
          error: ({ input }) => says('reviewers.address', { value: String(input) }),
        }),
      )
      .max(20, says('reviewers.tooMany', { max: 20 }))
      .default([])
      .describe(
        'Email addresses of the people who are told about waiting requests that have no approvers of their own. Without any, the contact is told.',
      ),
  })
  .describe('How the portal presents itself.');

const tier = z
  .enum(TIERS)
  .optional()
  .describe('Which tier of Microsoft Entra ID guests need for it, for the report on licences.');

export const groupSchema = z
  .strictObject({
    id: guid(says('group.id')).describe('Object ID of the group in Microsoft Entra.'),
    name: line('name', 256).describe('Name of the group, for people.'),
    tier,
  })
  .describe('A security or Microsoft 365 group.');

export const appSchema = z
  .strictObject({
    name: line('name', 256).describe('Name of the app, as partners see it.'),
    url: httpsUrl('url').describe('Where the app opens; https only.'),
    groups: names.default([]).describe('Keys of groups that are assigned to the app: the usual way in.'),
    servicePrincipalId: guid(says('servicePrincipalId.malformed'))
      .optional()
      .describe('Object ID of the service principal, to assign a role directly. Goes with appRoleId.'),
    appRoleId: guid(says('appRoleId.malformed'))
      .optional()
      .describe('ID of the app role to assign directly. Goes with servicePrincipalId.'),
    tier,
  })
  .describe('An app that partners get: through groups, or by a direct app role assignment.');

const invitation = z
  .strictObject({
    redirectUrl: httpsUrl('redirectUrl')
      .optional()
      .describe("Where a guest lands after accepting; https only. Without it, the partner's first app."),
    message: text('message', 2000).optional().describe('A short text in the invitation email.'),
    language: z
      .string()
      .regex(/^[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|\d{3}))?$/, says('language'))
      .optional()
      .describe('Language of the invitation email, BCP 47: sv, pt-BR.'),
    userType: z.enum(['Guest', 'Member']).default('Guest').describe('Kind of account the person gets.'),
    sponsors: z
      .array(guidInList('sponsors.id'))
      .max(5, says('sponsors.tooMany', { max: 5 }))
      .default([])
      .describe('Object IDs of up to five of your users or groups who vouch for the guests.'),
  })
  .describe('What the invitation says and where it leads.');

/** How many sign-ups an hour of one domain are worked on, unless the partner says otherwise. */
export const MOST_PER_HOUR = 100;

const limits = z
  .strictObject({
    perDay: positive('perDay')
      .optional()
      .describe('Most people per day. After that, requests wait for approval.'),
    total: positive('total')
      .optional()
      .describe('Most people in total. After that, requests wait for approval.'),
    perHour: positive('perHour')
      .default(MOST_PER_HOUR)
      .describe('Most sign-ups per hour from one domain. After that, they wait for their turn.'),
    licences: z
      .enum(['review'])
      .optional()
      .describe('review: people who would need a licence that is missing wait for approval.'),
  })
  .describe('How many people from the partner can sign up.');

export const partnerSchema = z
  .strictObject({
    id: z
      .string()
      .regex(KEY, says('id.malformed'))
      .describe('Short name, unique, that never changes: requests and reports refer to it.'),
    name: line('name', 256).describe('Name of the partner organisation.'),
    domains: z
      .array(rule)
      .min(1, says('domains.missing'))
      .describe(
        'Who belongs to the partner: fabrikam.com (this domain only), *.fabrikam.com (everything below it) or one full address.',
      ),
    tenantId: guid(says('tenantId')).optional().describe("ID of the partner's own Microsoft Entra tenant."),
    approval: z
      .enum(['automatic', 'manual'])
      .default('automatic')
      .describe('automatic: invited immediately. manual: an approver decides.'),
    proof: z
      .enum(['invitation', 'mailbox', 'tenant'])
      .default('invitation')
      .describe(
        'How people prove who they are: by accepting the invitation email, by a code emailed first, or by signing in at their home tenant.',
      ),
    apps: names.default([]).describe('Keys of the apps that people get.'),
    groups: names.default([]).describe('Keys of groups that people join in addition to those of the apps.'),
    invitation: invitation.prefault({}),
    approvers: z
      .array(guidInList('approvers.id'))
      .default([])
      .describe('Object IDs of the users or groups who decide when approval is manual.'),
    notify: z
      .enum(['atOnce', 'digest', 'off'])
      .default('atOnce')
      .describe(
        'How approvers are told about waiting requests. atOnce: one email per request. digest: one email a day. off: no emails.',
      ),
    limits: limits.prefault({}),
    licensing: z
      .enum(LICENSING)
      .default('partner')
      .describe(
        'How its people count for licences. partner: as guests. affiliate: as people of the same group of companies. employee: as own staff. homeLicensed: not at all, because they are licensed in their home tenant.',
      ),
    enabled: z.boolean().default(true).describe('false: everyone from this partner is refused.'),
  })
  .describe('A partner organisation and what its people get.');

const deny = z
  .strictObject({
    domains: z
      .array(rule)
      .default([])
      .describe(
        'Domains, *.domains and addresses that are always refused; *.ru for a whole top-level domain.',
      ),
    consumer: z
      .boolean()
      .default(false)
      .describe(
        'true: public email providers such as gmail.com are refused, except for addresses listed in full.',
      ),
    disposable: z
      .boolean()
      .default(false)
      .describe('true: disposable email addresses are refused, except for addresses listed in full.'),
  })
  .describe('Who is always refused. Overrides every partner.');

const documentSchema = z.strictObject({
  $schema: z.string().optional().describe('The JSON Schema of this file, for editors.'),
  version: z.literal(1, says('version')).describe('Version of the format.'),
  portal,
  groups: z
    .record(keySchema, groupSchema)
    .default({})
    .describe('Groups by key; apps and partners refer to the keys.'),
  apps: z.record(keySchema, appSchema).default({}).describe('Apps by key; partners refer to the keys.'),
  partners: z.array(partnerSchema).describe('The partner organisations.'),
  deny: deny.prefault({}),
  redirectHosts: z
    .array(host)
    .default([])
    .describe(
      'Further hosts that a file of invitations may lead guests to, besides those of the apps and of the partners.',
    ),
  unlisted: z
    .enum(['deny', 'review'])
    .default('deny')
    .describe('Addresses that no partner lists. deny: refused. review: an approver decides.'),
});

/** The document without its partners, which are many and are checked one by one. */
export const envelopeSchema = documentSchema.extend({ partners: z.array(z.unknown()) });

export type ParsedPartner = z.infer<typeof partnerSchema>;

/** One partner of a validated document: defaults are filled in, the redirect URL too. Ids are lower case. */
export type Partner = Omit<ParsedPartner, 'invitation'> & {
  invitation: Omit<ParsedPartner['invitation'], 'redirectUrl'> & { redirectUrl: string };
};
export type PolicyGroup = z.infer<typeof groupSchema>;
export type PolicyApp = z.infer<typeof appSchema>;
/** A validated policy document, defaults filled in. */
export type PolicyDocument = Omit<z.infer<typeof documentSchema>, 'partners'> & { partners: Partner[] };

/** JSON Schema (draft 2020-12) of the policy file as people write it, so that editors complete and explain it. */
export function policyJsonSchema(): Record<string, unknown> {
  return { title: 'Partner sign-up policy', ...z.toJSONSchema(documentSchema, { io: 'input' }) };
}

/** Whether a file of terms may have this name: with slashes only and without `..` it stays in the folder on every system. */
export function isTermsPath(value: string): boolean {
  return /^[\w-][\w. -]*(\/[\w-][\w. -]*)*\.(md|txt)$/.test(value);
}

function isLogo(value: string): boolean {
  return /^\/assets\/[\w/-]+(\.[\w-]+)*$/.test(value) || isHttpsUrl(value);
}
