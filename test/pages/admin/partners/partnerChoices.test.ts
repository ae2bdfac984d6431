import { loadConfig } from '../../../../src/config.js';
import {
  proofChoices,
  tenantNote,
  tickChoices,
} from '../../../../src/pages/admin/partners/partnerChoices.js';

const ID = '11111111-0000-4000-8000-000000000001';
const ENV = { TENANT_ID: ID, CLIENT_ID: ID, CLIENT_SECRET: 'secret' };

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
  const found = { kind: 'found', tenantId: ID } as const;
  const unreachable = { kind: 'unreachable', why: 'timeout' } as const;

  test.each([
    ['fills an empty field', found, '', 'invitation', 'found', true],
    ['confirms what was typed', found, ID, 'invitation', 'found', true],
    ['contradicts what was typed', found, ID.replace('1', '2'), 'invitation', 'other', false],
    ['finds nobody, which is no harm', { kind: 'none' } as const, '', 'mailbox', 'none', false],
    ['finds nobody who could sign in', { kind: 'none' } as const, '', 'tenant', 'noneForProof', false],
    ['is not answered', unreachable, '', 'tenant', 'unreachable', false],
  ])('%s', (_what, tenant, typed, proof, says, good) => {
    expect(tenantNote(tenant, 'fabrikam.com', typed, proof)).toEqual({
      says,
      good,
      domain: 'fabrikam.com',
      tenant: tenant.kind === 'found' ? ID : null,
    });
  });
});
