import { loadConfig } from '../../../../src/config.js';
import { PublicError } from '../../../../src/errors.js';
import { tickChoices } from '../../../../src/pages/admin/catalogue/catalogueForm.js';
import {
  changesOf,
  fieldOfFault,
  newObject,
  readForm,
  showForm,
} from '../../../../src/pages/admin/form/fields.js';
import {
  NEW_PARTNER_FIELDS,
  PARTNER_FIELDS,
  proofChoices,
  tenantNote,
} from '../../../../src/pages/admin/partners/partnerForm.js';
import { partnerSchema } from '../../../../src/policy/schema.js';

const SPONSOR = '11111111-0000-4000-8000-000000000001';
const MEGAN = '11111111-0000-4000-8000-000000000002';

const SMALL = { id: 'fabrikam', name: 'Fabrikam', domains: ['fabrikam.com'], apps: ['crm'] };
const FULL = {
  id: 'fabrikam',
  name: 'Fabrikam',
  domains: ['fabrikam.com', '*.fabrikam.com'],
  tenantId: 'FAB00000-0000-4000-8000-000000000001',
  approval: 'manual',
  proof: 'invitation',
  apps: ['crm', 'wiki'],
  groups: ['partners'],
  invitation: {
    redirectUrl: 'https://crm.contoso.com/start',
    message: '  Welcome\nto Contoso\n',
    language: 'sv',
    userType: 'Member',
    sponsors: [SPONSOR],
  },
  approvers: [MEGAN],
  notify: 'off',
  limits: { perDay: 50, total: 500, licences: 'review' },
  licensing: 'homeLicensed',
  enabled: false,
};

/** As a browser posts the form: lines end with CRLF, boxes that are not ticked are missing. */
function posted(written: object, typed: Record<string, unknown> = {}) {
  const shown = Object.entries(showForm(PARTNER_FIELDS, written)).map(([name, value]) => [
    name,
    typeof value === 'string' ? value.replaceAll('\n', '\r\n') : value,
  ]);
  const body = { ...(Object.fromEntries(shown) as Record<string, unknown>), ...typed };
  return readForm(PARTNER_FIELDS, body);
}

const edits = (written: object, typed: Record<string, unknown>) =>
  changesOf(PARTNER_FIELDS, written, posted(written, typed)).map(({ path, value }) => [
    path.join('.'),
    value,
  ]);

test('has a field for every setting of a partner that the schema knows', () => {
  const members = new Set(Object.values(NEW_PARTNER_FIELDS).map(({ path }) => path[0]));
  expect([...members].sort()).toEqual(Object.keys(partnerSchema.shape).sort());
  for (const nested of ['invitation', 'limits'] as const) {
    const inner = Object.values(NEW_PARTNER_FIELDS).flatMap(({ path }: { path: readonly string[] }) =>
      path[0] === nested ? [path[1]] : [],
    );
    expect(inner.sort()).toEqual(Object.keys(partnerSchema.shape[nested].unwrap().shape).sort());
  }
});

test.each([
  ['a small partner', SMALL],
  ['a full one', FULL],
  ['defaults that were written', { ...SMALL, approval: 'automatic', enabled: true, groups: [], limits: {} }],
  ['an empty invitation', { ...SMALL, invitation: { message: '', sponsors: [] } }],
  ['spaces around a name', { ...SMALL, name: ' Fabrikam ' }],
  ['settings that the form does not know', { ...SMALL, comment: ['x'], later: { than: 'this' } }],
])('%s sent back as it was shown changes nothing', (_, written) => {
  expect(edits(written, {})).toEqual([]);
});

test.each<[string, object, Record<string, unknown>, [string, unknown][]]>([
  ['a name', SMALL, { name: ' Fabrikam AB ' }, [['name', 'Fabrikam AB']]],
  ['an emptied name, for the check to refuse', SMALL, { name: ' ' }, [['name', '']]],
  [
    'a further domain',
    SMALL,
    { domains: 'fabrikam.com\r\n\r\n *.fabrikam.com \r\n' },
    [['domains', ['fabrikam.com', '*.fabrikam.com']]],
  ],
  [
    'domains with commas',
    SMALL,
    { domains: 'a.com, b.com; c.com' },
    [['domains', ['a.com', 'b.com', 'c.com']]],
  ],
  ['no domain, for the check to refuse', SMALL, { domains: '' }, [['domains', []]]],
  ['a tenant', SMALL, { tenantId: SPONSOR }, [['tenantId', SPONSOR]]],
  ['a tenant taken away', FULL, { tenantId: '' }, [['tenantId', undefined]]],
  ['approval', SMALL, { approval: 'manual' }, [['approval', 'manual']]],
  ['approval back to the default', FULL, { approval: 'automatic' }, [['approval', 'automatic']]],
  ['proof', SMALL, { proof: 'mailbox' }, [['proof', 'mailbox']]],
  ['another app', SMALL, { apps: ['crm', 'wiki'] }, [['apps', ['crm', 'wiki']]]],
  ['one app, which a browser sends as a text', FULL, { apps: 'crm' }, [['apps', ['crm']]]],
  ['no app', SMALL, { apps: undefined }, [['apps', []]]],
  ['groups', SMALL, { groups: ['partners'] }, [['groups', ['partners']]]],
  [
    'a redirect',
    SMALL,
    { redirectUrl: 'https://a.example/' },
    [['invitation.redirectUrl', 'https://a.example/']],
  ],
  ['a message with line ends', SMALL, { message: 'Hi\r\nthere' }, [['invitation.message', 'Hi\nthere']]],
  ['a message taken away', FULL, { message: '' }, [['invitation.message', undefined]]],
  ['a language', SMALL, { language: 'de' }, [['invitation.language', 'de']]],
  ['members instead of guests', SMALL, { userType: 'Member' }, [['invitation.userType', 'Member']]],
  ['licensing', SMALL, { licensing: 'employee' }, [['licensing', 'employee']]],
  ['a limit by licences', SMALL, { licences: 'review' }, [['limits.licences', 'review']]],
  ['sponsors', SMALL, { sponsors: `${SPONSOR}\r\n${MEGAN}` }, [['invitation.sponsors', [SPONSOR, MEGAN]]]],
  ['approvers taken away', FULL, { approvers: '' }, [['approvers', []]]],
  [
    'limits',
    SMALL,
    { perDay: ' 5 ', total: '10' },
    [
      ['limits.perDay', 5],
      ['limits.total', 10],
    ],
  ],
  [
    'limits taken away',
    FULL,
    { perDay: '', total: '' },
    [
      ['limits.perDay', undefined],
      ['limits.total', undefined],
    ],
  ],
  ['a limit by licences taken away', FULL, { licences: '' }, [['limits.licences', undefined]]],
  ['licensing back to the default', FULL, { licensing: 'partner' }, [['licensing', 'partner']]],
  [
    'limits that are none, for the check to refuse',
    SMALL,
    { perDay: 'many', total: '-1.5' },
    [
      ['limits.perDay', 'many'],
      ['limits.total', -1.5],
    ],
  ],
])('a form with %s changes that alone', (_, written, typed, expected) => {
  expect(edits(written, typed)).toEqual(expected);
});

test('fields that the form does not have are ignored', () => {
  expect(
    edits(SMALL, {
      id: 'other',
      enabled: '',
      comment: 'x',
      __proto__: 'x',
      constructor: 'x',
      'invitation.x': 'y',
    }),
  ).toEqual([]);
});

test.each(['name', 'domains', 'message', 'approval'])('%s sent twice is refused', (field) => {
  expect(() => posted(SMALL, { [field]: ['a', 'b'] })).toThrow(PublicError);
});

test('a new partner gets what was chosen and nothing else', () => {
  const blank = showForm(NEW_PARTNER_FIELDS, undefined);
  const typed = {
    ...blank,
    id: 'litware',
    name: 'Litware',
    domains: 'litware.com',
    apps: ['crm'],
    perDay: '3',
  };
  expect(newObject(NEW_PARTNER_FIELDS, typed)).toEqual({
    id: 'litware',
    name: 'Litware',
    domains: ['litware.com'],
    apps: ['crm'],
    limits: { perDay: 3 },
  });
  expect(newObject(NEW_PARTNER_FIELDS, blank)).toEqual({ id: '', name: '', domains: [] });
  expect(newObject(NEW_PARTNER_FIELDS, { ...blank, enabled: '' })).toMatchObject({ enabled: false });
});

test.each([
  ['partners[2].domains[0]', 'domains'],
  ['partners[2].domains', 'domains'],
  ['partners[2].invitation.redirectUrl', 'redirectUrl'],
  ['partners[2].invitation.sponsors[1]', 'sponsors'],
  ['partners[2].invitation', null],
  ['partners[2].limits.perDay', 'perDay'],
  ['partners[2].id', 'id'],
  ['partners[2].idea', null],
  ['partners[21].name', null],
  ['partners[2]', null],
  ['', null],
])('a fault at %s belongs to %s', (path, field) => {
  expect(fieldOfFault(NEW_PARTNER_FIELDS, 'partners[2]', path)).toBe(field);
});

const ENV = { TENANT_ID: SPONSOR, CLIENT_ID: SPONSOR, CLIENT_SECRET: 'secret' };

describe('the kinds of proof', () => {
  const disabled = (env: object, chosen: string) =>
    proofChoices(loadConfig({ ...ENV, ...env }), chosen)
      .filter((choice) => choice.disabled)
      .map(({ kind }) => kind);

  test('that this portal cannot take are disabled, but for the one that the partner has', () => {
    expect(disabled({}, 'invitation')).toEqual(['mailbox']);
    expect(disabled({}, 'mailbox')).toEqual([]);
    expect(disabled({ SMTP_URL: 'smtp://localhost', MAIL_FROM: 'a@contoso.com' }, 'invitation')).toEqual([]);
  });
});

test('what was ticked and is gone from the catalogue is offered too, by its key', () => {
  expect(tickChoices({ crm: { name: 'CRM' } }, ['crm', 'old', 'toString'])).toEqual([
    { value: 'crm', label: 'CRM (crm)' },
    { value: 'old', label: 'old' },
    { value: 'toString', label: 'toString' },
  ]);
});

describe('a look-up of a domain', () => {
  const found = { kind: 'found', tenantId: SPONSOR } as const;
  const unreachable = { kind: 'unreachable', why: 'timeout' } as const;

  test.each([
    ['fills an empty field', found, '', 'invitation', 'found', true],
    ['confirms what was typed', found, SPONSOR, 'invitation', 'found', true],
    ['contradicts what was typed', found, SPONSOR.replace('1', '2'), 'invitation', 'other', false],
    ['finds nobody, which is no harm', { kind: 'none' } as const, '', 'mailbox', 'none', false],
    ['finds nobody who could sign in', { kind: 'none' } as const, '', 'tenant', 'noneForProof', false],
    ['is not answered', unreachable, '', 'tenant', 'unreachable', false],
  ])('%s', (_what, tenant, typed, proof, says, good) => {
    expect(tenantNote(tenant, 'fabrikam.com', { tenantId: typed, proof })).toEqual({
      says,
      good,
      domain: 'fabrikam.com',
      tenant: tenant.kind === 'found' ? SPONSOR : null,
    });
  });
});
