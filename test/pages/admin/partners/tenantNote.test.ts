import { tenantNote } from '../../../../src/pages/admin/partners/tenantNote.js';

const ID = '11111111-0000-4000-8000-000000000001';

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
