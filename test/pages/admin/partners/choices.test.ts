import { loadConfig } from '../../../../src/config.js';
import { proofChoices, tickChoices } from '../../../../src/pages/admin/partners/choices.js';

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
