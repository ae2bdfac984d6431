import { Readable } from 'node:stream';
import type { Request, RequestHandler, Response } from 'express';
import { personKey } from '../../../access/access.js';
import type { Deps } from '../../../deps.js';
import { malformed } from '../../../errors.js';
import { sendCsv } from '../../../http/csvDownload.js';
import { accessIn } from '../../../http/guard.js';
import { leaveNote, takeNote } from '../../../http/note.js';
import { gapsInWords, needsInWords, trialInWords } from '../../../licences/inWords.js';
import { activeBill, governanceBill } from '../../../licences/monthly.js';
import { readOwnedLicences } from '../../../licences/readings.js';
import { reportRows } from '../../../licences/reportRows.js';
import { hasNoLicences, readOwned, readReport } from '../../../licences/report.js';
import { PAID_TIERS, RULE_IN_USE, RULES, type Need } from '../../../licences/rule.js';
import {
  answer,
  FIELDS,
  FIELDS_OF,
  TRIAL_RULES,
  withoutUnused,
  type Field,
  type Question,
} from '../../../licences/trial.js';
import { warningsNow } from '../../../licences/warn.js';
import { insertAuditEvent } from '../../../store/auditEvents.js';
import { readAgain, recordReading } from '../../../store/licenceReadings.js';
import { namesOf } from '../../../store/persons.js';
import { TIERS, type Tier } from '../../../policy/licensing.js';
import { monthChart } from './monthChart.js';

const PATH = '/admin/licences';
/** Nobody owns more, and a longer number is a slip of the finger. */
const MOST_OWNED = 10_000_000;

type TypedFault = { tier: string; value: string };

/** GET /admin/licences: the report, and the calculator with its answer. */
export function showLicences(deps: Deps): RequestHandler {
  return async (req, res) => {
    await render(deps, req, res, {});
  };
}

/** POST /admin/licences/owned: numbers that a person types, where Microsoft cannot be asked. */
export function typeOwned(deps: Deps): RequestHandler {
  return async (req, res) => {
    const body = (req.body ?? {}) as Record<string, unknown>;
    const typed = Object.fromEntries(PAID_TIERS.map((tier) => [tier, textIn(body[tier])]));
    const faults = PAID_TIERS.flatMap((tier): TypedFault[] => {
      const value = typed[tier] ?? '';
      const isCount = value === '' || (/^\d{1,8}$/.test(value) && Number(value) <= MOST_OWNED);
      return isCount ? [] : [{ tier, value }];
    });
    if (faults.length > 0) {
      await render(deps, req, res, { typed, faults });
      return;
    }
    const known = PAID_TIERS.some((tier) => typed[tier] !== '');
    const tiers = known ? Object.fromEntries(PAID_TIERS.map((tier) => [tier, Number(typed[tier])])) : null;
    const by = personKey(accessIn(res).person);
    await deps.store.db.transaction().execute(async (trx) => {
      await recordReading(trx, 'typed', { tiers, by });
      await insertAuditEvent(trx, { actor: by, action: 'licences.typed', detail: { tiers } });
    });
    await leaveNote(req, { path: PATH, name: 'typed', count: 1 });
    res.redirect(303, PATH);
  };
}

/** POST /admin/licences/read: asks Microsoft again, for instance after a permission was granted. */
export function readLicencesAgain(deps: Deps): RequestHandler {
  return async (req, res) => {
    await readAgain(deps.store.db);
    await readOwnedLicences(deps);
    const { problem } = await readOwned(deps.store.db);
    await leaveNote(req, { path: PATH, name: problem ? 'notRead' : 'read', count: 1 });
    res.redirect(303, PATH);
  };
}

/** GET /admin/licences.csv */
export function exportLicences(deps: Deps): RequestHandler {
  return async (_req, res) => {
    const report = await readReport(deps.store.db, deps.policy.current().policy, new Date());
    await insertAuditEvent(deps.store.db, {
      actor: personKey(accessIn(res).person),
      action: 'licences.exported',
      detail: {},
    });
    const { header, rows } = reportRows(res.locals.t, res.locals.locale, report);
    await sendCsv(res, 'licences', header, Readable.from(rows));
  };
}

type Shown = { typed?: Record<string, string>; faults?: TypedFault[] };

async function render(deps: Deps, req: Request, res: Response, { typed, faults = [] }: Shown): Promise<void> {
  const { db } = deps.store;
  const { t, locale } = res.locals;
  const { policy } = deps.policy.current();
  const report = await readReport(db, policy, new Date());
  const { owned, needs, trend, partners } = report;
  const question = questionIn(req);
  const { activePrice, governancePrice, currency } = deps.config.licencePrices;
  const money = new Intl.NumberFormat(locale, { style: 'currency', currency, maximumFractionDigits: 5 });
  const names = owned.by === null ? new Map<string, string>() : await namesOf(db, [owned.by]);
  res.status(faults.length > 0 ? 422 : 200).render('admin/licences', {
    ...report,
    note: takeNote(req),
    sentences: needsInWords(t, locale, report),
    notes: gapsInWords(t, locale, report),
    rule: RULE_IN_USE,
    rules: RULES,
    tiers: TIERS.filter((tier) => {
      const need = needs[RULE_IN_USE][tier];
      return need && need.fivefold + need.onefold + need.owned > 0;
    }),
    peopleTiers: TIERS.filter((tier) => partners.some((partner) => partner.tiers[tier])),
    paidTiers: PAID_TIERS,
    noLicences: hasNoLicences(owned),
    warnings: await warningsNow(db, policy),
    ownedBy: owned.by && (names.get(owned.by) ?? owned.by),
    typed: typed ?? Object.fromEntries(PAID_TIERS.map((tier) => [tier, String(owned.tiers?.[tier] ?? '')])),
    faults,
    months: trend.months.map(({ month, active, governed }) => ({
      month,
      active,
      activeCost: active === null ? null : money.format(activeBill(active, { price: activePrice }).cost),
      governed,
      governedCost: governed === null ? null : money.format(governanceBill(governed, governancePrice).cost),
    })),
    chart: monthChart(trend.months),
    mayWrite: accessIn(res).rights.has('licences.write'),
    question: question ?? {},
    // What was typed for another rule stays in the form.
    answered: question && answer(withoutUnused(question)),
    trialInWords: (tier: Tier, need: Need) => trialInWords(t, locale, tier, need),
    trialRules: TRIAL_RULES,
    fieldsOf: FIELDS_OF,
    money,
    number: new Intl.NumberFormat(locale),
    monthName: (month: string) =>
      new Intl.DateTimeFormat(locale, { month: 'short', year: 'numeric', timeZone: 'UTC' }).format(
        new Date(`${month}-01T00:00:00Z`),
      ),
    priceOf: { mau: String(activePrice), governance: String(governancePrice) },
  });
}

/** What somebody asks the calculator; null when they do not. */
function questionIn({ query }: Request): Question | null {
  if (query.rule === undefined) return null;
  const texts = FIELDS.map((field): [Field, string] => [field, textIn(query[field])]);
  return Object.fromEntries(texts.filter(([, text]) => text !== ''));
}

/** @throws {PublicError} `malformed` for what the form cannot send */
function textIn(value: unknown): string {
  if (value === undefined) return '';
  if (typeof value !== 'string' || value.length > 200) throw malformed();
  return value.trim();
}
