import type { Deps } from '../../deps.js';
import { needInWords } from '../../licences/inWords.js';
import type { Need, PaidTier } from '../../licences/rule.js';
import { renderMail, type Sender } from '../../mail/templates.js';
import { fullName } from '../../fullName.js';
import type { Tier } from '../../policy/licensing.js';
import { referenceOf } from '../../reference.js';
import type { WaitingRequests } from '../../store/noticeSummaries.js';
import type { RequestRow, RunData } from '../../store/schema.js';
import { validMinutes } from '../prove/secrets.js';
import { openMailedPage } from '../pageToken.js';
import { inMail, linesInMail } from '../submit/names.js';
import type { Recipient } from './audience.js';

export type Message = { to: string; subject: string; text: string; html: string };

/** To an approver, about one request. */
export async function composeWaiting(
  deps: Deps,
  { to, language }: Recipient,
  request: RequestRow,
): Promise<Message> {
  const t = deps.languages.translate(language);
  const mail = await renderMail(t, 'waiting', {
    ...sender(deps),
    name: inMail(fullName(request)),
    company: inMail(request.company),
    domain: request.address.slice(request.address.lastIndexOf('@') + 1),
    reason: linesInMail(request.reason),
    received: `${inWords(language, { dateStyle: 'long', timeStyle: 'short' }).format(request.created_at)} UTC`,
    partnerName: deps.policy.current().policy.partnerName(request.partner) ?? t('notice.noPartner'),
    requestUrl: `${deps.config.baseUrl}/admin/requests/${request.id}`,
  });
  return { to, ...mail };
}

/** To an approver, about all waiting requests, one line for each partner. */
export async function composeDigest(
  deps: Deps,
  { to, language }: Recipient,
  waiting: WaitingRequests[],
): Promise<Message> {
  const t = deps.languages.translate(language);
  const day = inWords(language, { dateStyle: 'long' });
  const mail = await renderMail(t, 'digest', {
    ...sender(deps),
    count: waiting.reduce((sum, { count }) => sum + count, 0),
    lines: waiting.map(({ partner, count, since }) => ({
      partnerName: deps.policy.current().policy.partnerName(partner) ?? t('notice.noPartner'),
      count,
      since: day.format(since),
      url: listUrl(deps, partner),
    })),
  });
  return { to, ...mail };
}

/** To who started a run, about why it was halted. */
export async function composeRunHalted(
  deps: Deps,
  { to, language }: Recipient,
  { id, name, problem }: RunData,
): Promise<Message> {
  const t = deps.languages.translate(language);
  const mail = await renderMail(t, 'runHalted', {
    ...sender(deps),
    name: inMail(name || t('bulk.pasted')),
    why: t(`requests.problem.${problem?.code ?? 'internal'}`),
    words: linesInMail(problem?.detail ?? ''),
    runUrl: `${deps.config.baseUrl}/admin/runs/${id}`,
  });
  return { to, ...mail };
}

/** To the reviewers, about licences that run out. */
export async function composeLicences(
  deps: Deps,
  { to, language }: Recipient,
  needs: Partial<Record<Tier, Need>>,
  tiers: readonly PaidTier[],
): Promise<Message> {
  const t = deps.languages.translate(language);
  const mail = await renderMail(t, 'licences', {
    ...sender(deps),
    lines: tiers.flatMap((tier) => {
      const need = needs[tier];
      return need ? [needInWords(t, language, tier, need)] : [];
    }),
    licencesUrl: `${deps.config.baseUrl}/admin/licences`,
  });
  return { to, ...mail };
}

/** To the applicant, with the code and the link of a proof, in the language of the form. */
export async function composeProof(
  deps: Deps,
  request: RequestRow,
  { code, link }: { code: string; link: string },
): Promise<Message> {
  const mail = await renderMail(deps.languages.translate(request.language), 'proof', {
    ...sender(deps, request),
    firstName: inMail(request.first_name),
    code,
    linkUrl: `${deps.config.baseUrl}/verify/link/${link}`,
    minutes: validMinutes(deps.limits),
  });
  return { to: request.address, ...mail };
}

/** To the applicant, about a denial by an approver, or by the policy after an approval. */
export async function composeDenied(deps: Deps, request: RequestRow): Promise<Message> {
  const { policy } = deps.policy.current();
  const partner = policy.partner(request.partner);
  const token = await openMailedPage(deps, deps.store.db, request.id);
  const mail = await renderMail(
    deps.languages.translate(partner?.invitation.language ?? request.language),
    'denied',
    {
      ...sender(deps, request),
      firstName: inMail(request.first_name),
      reason: request.review?.outcome === 'denied' ? (request.review.reason ?? null) : null,
      statusUrl: token && `${deps.config.baseUrl}/requests/${token}`,
    },
  );
  return { to: request.address, ...mail };
}

/** To the owner of the mailbox, about why there is no invitation. The status page shows that to nobody else. */
export async function composeAnswer(deps: Deps, request: RequestRow, reason: string): Promise<Message> {
  const { policy } = deps.policy.current();
  const partner = policy.partner(request.partner);
  const t = deps.languages.translate(partner?.invitation.language ?? request.language);
  return { to: request.address, ...(await renderMail(t, 'known', { ...sender(deps, request), reason })) };
}

/** The organisation as mails show it, and the reference of the request that a mail is about. */
export function sender({ policy }: Deps, request?: Pick<RequestRow, 'token_hash'>): Sender {
  const { organization, contact, colour } = policy.current().policy.document.portal;
  const reference = request && referenceOf(request.token_hash);
  return { organization, contact, ...(colour !== undefined && { colour }), ...(reference && { reference }) };
}

function inWords(language: string, style: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  return new Intl.DateTimeFormat(language === 'en' ? 'en-GB' : language, { ...style, timeZone: 'UTC' });
}

function listUrl({ config }: Deps, partner: string | null): string {
  const query = new URLSearchParams({ state: 'pending', ...(partner !== null && { partner }) });
  return `${config.baseUrl}/admin/requests?${query.toString()}`;
}
