import { circumstancesOf } from '../../../bulk/preview.js';
import { judgeRow } from '../../../bulk/judge.js';
import type { Deps } from '../../../deps.js';
import { GraphFault } from '../../../graph/graphFault.js';
import { renderMail } from '../../../mail/templates.js';
import { sender } from '../../../requests/notices/compose.js';
import { inMail } from '../../../requests/submit/names.js';
import { listRows } from '../../../store/runRows.js';
import type { RunData } from '../../../store/schema.js';

/** Among so many rows the first is looked for that is mailed. */
const LOOKED_AT = 100;

/** The mail of a run as its first guest will read it; null when the portal sends none, or the directory does not answer. */
export async function mailSample(
  deps: Deps,
  run: RunData,
): Promise<{ subject: string; text: string } | null> {
  const { choice } = run;
  if (!deps.mailer || !choice.mail) return null;
  const rows = await listRows(deps.store.db, run.id, { states: ['invite'], limit: LOOKED_AT });
  const first = rows.find(({ typed }) => typed.sendMail !== false);
  const order = first && (await orderOf(deps, run, first.typed));
  const { policy } = deps.policy.current();
  const partner = policy.partner(order?.decision.partner);
  if (!order || !partner) return null;
  // As `mailInvitation` writes it.
  const t = deps.languages.translate(partner.invitation.language ?? order.language);
  const { subject, text } = await renderMail(t, 'invitation', {
    ...sender(deps),
    firstName: inMail(order.firstName || order.address.local),
    partnerName: partner.name,
    approved: false,
    asked: false,
    message: order.bulk.message ?? partner.invitation.message ?? null,
    apps: order.decision.grants.apps.map(({ name, url }) => ({ name, url })),
    redeemUrl: 'https://login.microsoftonline.com/redeem?…',
    statusUrl: null,
  });
  return { subject, text };
}

async function orderOf(deps: Deps, { choice }: RunData, typed: Parameters<typeof judgeRow>[1]) {
  try {
    return judgeRow(await circumstancesOf(deps, choice, [typed]), typed, null, new Map()).order;
  } catch (error) {
    if (error instanceof GraphFault) return null;
    throw error;
  }
}
