import { saysTiers, withoutTier } from '../../policy/tiers.js';
import type { PolicyFault } from '../../policy/policyFault.js';
import type { Partner } from '../../policy/schema.js';
import { textsIn } from '../../policy/texts.js';
import { finding, type CheckUp, type Finding, type Patient, type TenantPatient } from '../finding.js';

/** One finding for each fault; where there are many, the reading names the first ones and counts the rest. */
export function faultFindings(faults: PolicyFault[]): Finding[] {
  return faults.map((fault) => {
    if (fault.code === 'more') return finding('policy', 'moreFaults', fault.values);
    return { ...finding('policy', fault.code === 'needsMail' ? 'needsMail' : 'fault'), fault };
  });
}

/** The file and the policy in force. */
export const examinePolicy: CheckUp = async function examinePolicy({ policy }) {
  if (!policy) return [];
  const found = faultFindings(policy.faults());
  if (!(await policy.writable()).ok) found.push(finding('policy', 'readOnly'));
  const enabled = policy.current().policy.document.partners.filter((partner) => partner.enabled).length;
  if (enabled === 0) found.push(finding('policy', 'nobody'));
  const { document } = policy.current().policy;
  // Where nothing has a tier, nobody uses the report on licences.
  const unsaid = saysTiers(document) ? withoutTier(document) : [];
  if (unsaid.length > 0) {
    found.push(finding('policy', 'noTier', { count: unsaid.length, names: unsaid.slice(0, 10).join(', ') }));
  }
  const { portal } = document;
  for (const member of ['terms', 'welcome'] as const) {
    const isUnnamed = textsIn(portal[member]).some(({ language, text }) => language === null && text !== '');
    if (isUnnamed) found.push(finding('policy', 'noLanguage', { member: `portal.${member}` }));
  }
  return found.length > 0 ? found : [finding('policy', 'inForce', { count: enabled })];
};

/** Microsoft refuses to invite people of the tenant's own domains. */
export const examineOwnDomains: CheckUp<TenantPatient> = function examineOwnDomains({
  policy,
  organization,
}) {
  const listed = policy?.current().policy.listed;
  const found = (organization?.verifiedDomains ?? []).flatMap((domain) => {
    const entry = listed?.find({ local: 'anybody', domain, canonical: `anybody@${domain}` });
    const { name, enabled } = entry?.value.partner ?? {};
    return enabled && name !== undefined ? [finding('policy', 'ownDomain', { partner: name, domain })] : [];
  });
  return Promise.resolve(found);
};

/** The first partner that requires this kind of proof, and how many do; null when none does. */
export function partnersRequiring(
  policy: Patient['policy'],
  kind: Partner['proof'],
): { partner: string; count: number } | null {
  const partners = policy?.current().policy.document.partners ?? [];
  const requiring = partners.filter(({ enabled, proof }) => enabled && proof === kind);
  const [first] = requiring;
  return first ? { partner: first.name, count: requiring.length } : null;
}
