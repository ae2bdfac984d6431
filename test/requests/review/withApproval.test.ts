import { parseAddress } from '../../../src/policy/address.js';
import { decide } from '../../../src/policy/decide.js';
import { withApproval } from '../../../src/requests/review/approval.js';
import type { RecordedDecision, Review } from '../../../src/store/schema.js';
import { aPartner, aPolicy } from '../../policy/aPolicy.js';

const PARTNERS = [
  aPartner({ id: 'quick', domains: ['quick.com'] }),
  aPartner({ id: 'manual', domains: ['manual.com'], approval: 'manual' }),
  aPartner({ id: 'off', domains: ['off.com'], approval: 'manual', enabled: false }),
  aPartner({ id: 'proof', domains: ['proof.com'], approval: 'manual', proof: 'mailbox' }),
];

const approved = (partner?: string, grants?: Review['grants']): Review => ({
  outcome: 'approved',
  by: 'tid/oid',
  at: '2026-05-01T00:00:00.000Z',
  ...(partner !== undefined && { partner }),
  ...(grants && { grants }),
});
const denied: Review = { outcome: 'denied', by: 'tid/oid', at: '2026-05-01T00:00:00.000Z', reason: 'No' };

type Case = [fact: string, address: string, review: Review | null, recorded: string[], expected: string];

test.each<Case>([
  ['without an approval a person decides', 'a@manual.com', null, [], 'review manual'],
  ['a denial approves nothing', 'a@manual.com', denied, [], 'review manual'],
  ['an approval takes the place of a person', 'a@manual.com', approved('manual'), [], 'invite manual crm'],
  ['where nobody needs to decide nothing changes', 'a@quick.com', null, [], 'invite quick crm'],
  ['who came after the last place waits all the same', 'a@quick.com', null, ['limit.total'], 'review quick'],
  ['until approved', 'a@quick.com', approved('quick'), ['limit.perDay'], 'invite quick crm'],
  ['an approval for another partner is none', 'a@manual.com', approved('quick'), [], 'review manual'],
  ['also where the new one would not ask', 'a@quick.com', approved('manual'), [], 'review quick'],
  ['an approval for no partner is none', 'a@manual.com', approved(), [], 'review manual'],
  ['nothing beats a denial by the policy', 'a@bad.com', approved('manual'), [], 'deny null'],
  ['nor a partner that is switched off', 'a@off.com', approved('off'), [], 'deny off'],
  ['nor a missing proof', 'a@proof.com', approved('proof'), [], 'prove proof'],
  ['unlisted people get what was chosen for them', 'a@new.com', approved('manual'), [], 'invite manual crm'],
  ['not from a partner that is switched off', 'a@new.com', approved('off'), [], 'review null'],
  ['not past the proof that its people give', 'a@new.com', approved('proof'), [], 'review null'],
  ['not from a partner that is gone', 'a@new.com', approved('gone'), [], 'review null'],
  [
    'fewer grants are kept to',
    'a@manual.com',
    approved('manual', { apps: ['crm'], groups: [] }),
    [],
    'invite manual crm',
  ],
  [
    'when none is left a person decides',
    'a@manual.com',
    approved('manual', { apps: ['old'], groups: [] }),
    [],
    'review manual',
  ],
])('%s: %s', async (_fact, address, review, recorded, expected) => {
  const policy = await aPolicy({
    partners: PARTNERS,
    deny: { domains: ['bad.com'] },
    unlisted: 'review',
  });
  const parsed = parseAddress(address);
  if (!parsed.ok) throw new Error(parsed.fault);
  const decision = decide(policy, { address: parsed.address });
  const first: RecordedDecision = { ...decision, reasons: recorded.map((code) => ({ code })) };
  const { outcome, partner, grants } = withApproval(policy, decision, {
    review,
    decision: first,
    run_id: null,
    bulk: null,
  });
  const apps = outcome === 'invite' ? grants.apps.map(({ key }) => key) : [];
  expect([outcome, String(partner), ...apps].join(' ')).toBe(expected);
});
