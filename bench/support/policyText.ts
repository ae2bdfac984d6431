/** A policy of so many partners with two rules each: the company's domain and the domains below it. */
export function policyText(partners: number, organization = 'Contoso'): string {
  return JSON.stringify({
    version: 1,
    portal: { organization, contact: 'partners@contoso.com' },
    groups: { crm: { id: '22222222-0000-4000-8000-000000000002', name: 'CRM users' } },
    apps: { crm: { name: 'CRM', url: 'https://crm.contoso.com', groups: ['crm'] } },
    partners: Array.from({ length: partners }, (_, index) => ({
      id: `company${index}`,
      name: `Company ${index}`,
      domains: [`company${index}.com`, `*.company${index}.com`],
      apps: ['crm'],
      invitation: { message: 'Welcome to Contoso.', language: 'sv' },
      limits: { perDay: 50, total: 500 },
    })),
  });
}
