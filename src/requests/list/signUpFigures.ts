import { DAY_MS } from '../../days.js';
import type { SignUps } from '../../store/requestFigures.js';
import type { RequestState } from '../../store/schema.js';

/** The outcomes of a sign-up that a chart distinguishes, in the order of its stack. */
export const OUTCOMES = ['access', 'underWay', 'attention', 'refused'] as const;
export type Outcome = (typeof OUTCOMES)[number];

const OUTCOME_OF: Record<RequestState, Outcome> = {
  provisioned: 'access',
  revoked: 'access',
  unproven: 'underWay',
  pending: 'underWay',
  queued: 'underWay',
  failed: 'attention',
  held: 'attention',
  denied: 'refused',
  lapsed: 'refused',
};

type Counts = Record<Outcome, number> & { total: number };
export type DayFigures = { day: string; counts: Counts };
export type PartnerFigures = { partner: string | null; today: number; counts: Counts };

export type SignUpFigures = {
  /** Each day, also one without a sign-up; the oldest first. */
  days: DayFigures[];
  /** The partners with sign-ups, the busiest first. */
  partners: PartnerFigures[];
  today: Counts;
  total: Counts;
};

/** The first of `days` days that end with `today`; both as `2026-01-31`. */
export function firstDay(today: string, days: number): string {
  return new Date(Date.parse(today) - (days - 1) * DAY_MS).toISOString().slice(0, 10);
}

/** Arranges sign-ups by day and by partner, for the last `days` days up to `today` (UTC). Other days are left out. */
export function signUpFigures(signUps: SignUps[], today: string, days: number): SignUpFigures {
  const begin = Date.parse(firstDay(today, days));
  const byDay = new Map(
    Array.from({ length: days }, (_, index) => [
      new Date(begin + index * DAY_MS).toISOString().slice(0, 10),
      noCounts(),
    ]),
  );
  const byPartner = new Map<string | null, PartnerFigures>();
  const total = noCounts();
  for (const { day, partner, state, count } of signUps) {
    const ofDay = byDay.get(day);
    if (!ofDay) continue;
    const ofPartner = byPartner.get(partner) ?? { partner, today: 0, counts: noCounts() };
    byPartner.set(partner, ofPartner);
    if (day === today) ofPartner.today += count;
    for (const counts of [ofDay, ofPartner.counts, total]) {
      counts[OUTCOME_OF[state]] += count;
      counts.total += count;
    }
  }
  return {
    days: [...byDay].map(([day, counts]) => ({ day, counts })),
    partners: [...byPartner.values()].sort(busiestFirst),
    today: byDay.get(today) ?? noCounts(),
    total,
  };
}

/** Partners with equal counts by id; requests without a partner come last. */
function busiestFirst(one: PartnerFigures, other: PartnerFigures): number {
  const order = (one.partner ?? '~') < (other.partner ?? '~') ? -1 : 1;
  return other.counts.total - one.counts.total || order;
}

function noCounts(): Counts {
  return { access: 0, underWay: 0, attention: 0, refused: 0, total: 0 };
}
