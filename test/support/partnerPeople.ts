/** Object ids of partners' people who sign in at their own tenants; the simulator's seed says more about each. */
export const PARTNER_PEOPLE = {
  /** ana@fabrikam.com */
  ana: '66666666-0000-4000-8000-000000000001',
  /** bo@sales.fabrikam.com, without any e-mail claim. */
  bo: '66666666-0000-4000-8000-000000000002',
  /** dee@litware.com */
  dee: '66666666-0000-4000-8000-000000000003',
  /** mallory@litware.com, who claims ana@fabrikam.com (nOAuth). */
  mallory: '66666666-0000-4000-8000-000000000004',
  /** pia@proseware.com */
  pia: '66666666-0000-4000-8000-000000000006',
  /** Signs in as per@proseware.onmicrosoft.com; per.olof.berg@proseware.com is vouched for. */
  per: '66666666-0000-4000-8000-000000000007',
  /** Of Proseware, claims pia@proseware.com, for which nobody vouches. */
  max: '66666666-0000-4000-8000-000000000008',
  /** gus@proseware.com, a guest there. */
  gus: '66666666-0000-4000-8000-000000000009',
} as const;

export const PROSEWARE_TENANT = '9205e000-0000-4000-8000-000000000004';

/** A partner whose people prove who they are at their own tenant, as it is written in a policy. */
export function proseware(overrides: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    id: 'proseware',
    name: 'Proseware',
    domains: ['proseware.com', '*.proseware.com'],
    proof: 'tenant',
    apps: ['crm'],
    ...overrides,
  };
}
