type Json = Record<string, unknown>;

export const GROUPS = {
  partners: '22222222-0000-4000-8000-000000000001',
  crm: '22222222-0000-4000-8000-000000000002',
  wiki: '22222222-0000-4000-8000-000000000003',
  dynamic: '22222222-0000-4000-8000-000000000005',
  roleAssignable: '22222222-0000-4000-8000-000000000006',
  distribution: '22222222-0000-4000-8000-000000000007',
  onPremises: '22222222-0000-4000-8000-000000000008',
};
export const WIKI = {
  servicePrincipalId: '33333333-0000-4000-8000-000000000001',
  appRoleId: '44444444-0000-4000-8000-000000000001',
};
/** The portal's own service principal, with its app role Portal.Admin. */
export const PORTAL = {
  servicePrincipalId: '33333333-0000-4000-8000-000000000004',
  appRoleId: '44444444-0000-4000-8000-000000000021',
};
export const SPONSOR = '11111111-0000-4000-8000-000000000001';

/** A partner as it is written: Fabrikam, invited at once, to the CRM; `overrides` replace whole members. */
export function aPartner(overrides: Json = {}): Json {
  return {
    id: 'fabrikam',
    name: 'Fabrikam',
    domains: ['fabrikam.com', '*.fabrikam.com'],
    apps: ['crm'],
    ...overrides,
  };
}

/** Limits of a partner whose people may come in any number. */
export const UNPACED = { perHour: 1_000_000 };

/** A policy whose ids exist in the simulated tenant; `overrides` replace whole members. */
export function aPolicy(overrides: Json = {}): Json {
  return {
    version: 1,
    portal: { organization: 'Contoso', contact: 'partners@contoso.com' },
    groups: Object.fromEntries(
      Object.entries(GROUPS).map(([key, id]) => [key, { id, name: `Group ${key}` }]),
    ),
    apps: {
      crm: { name: 'Contoso CRM', url: 'https://crm.contoso.com', groups: ['partners', 'crm'] },
      wiki: { name: 'Wiki', url: 'https://wiki.contoso.com', ...WIKI },
    },
    partners: [aPartner()],
    deny: { domains: ['competitor.com'], consumer: true },
    ...overrides,
  };
}

/** The same for processes and measurements, where people of one domain come in any number. */
export const UNPACED_POLICY = aPolicy({ partners: [aPartner({ limits: UNPACED })] });
