import { DAY_MS } from '../../days.js';
import type { SignUps } from '../../store/requestFigures.js';
import type { RequestState } from '../../store/schema.js';

/** What has become of a sign-up, as coarse as a chart can show it; in the order in which it is stacked. */
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
  /** Each of the days, also those on which nobody came; the oldest first. */
  days: DayFigures[];
  /** Whoever had sign-ups, the busiest first. */
  partners: PartnerFigures[];
  today: Counts;
  total: Counts;
};

/** The first of so many days, the last of which is `today`; both as `2026-01-31`. */
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

/** Equals by id; those of no partner come last. */
function busiestFirst(one: PartnerFigures, other: PartnerFigures): number {
  const order = (one.partner ?? '~') < (other.partner ?? '~') ? -1 : 1;
  return other.counts.total - one.counts.total || order;
}

function noCounts(): Counts {
  return { access: 0, underWay: 0, attention: 0, refused: 0, total: 0 };
}
