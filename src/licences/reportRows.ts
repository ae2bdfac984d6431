import type { Translate } from '../language.js';
import { gapsInWords } from './inWords.js';
import type { LicenceReport } from './report.js';
import { RULES } from './rule.js';
import { TIERS } from '../policy/licensing.js';

type Row = (string | number | null)[];

const note = (text: string): Row => [text, '', '', '', null, null, null, null, null];

/** The report as one table: what a line is about, its name, and its numbers. */
export function reportRows(
  t: Translate,
  locale: string,
  report: LicenceReport,
): { header: string[]; rows: Row[] } {
  const { needs, owned, partners, apps, trend } = report;
  const header = ['what', 'name', 'kind', 'tier', 'people', 'needed', 'owned', 'covered', 'missing'];
  return {
    header: header.map((column) => t(`licences.column.${column}`)),
    rows: [
      ...RULES.flatMap((rule) =>
        TIERS.flatMap((tier): Row[] => {
          const need = needs[rule][tier];
          if (!need) return [];
          const { fivefold, onefold, needed, covered, missing } = need;
          const known = owned.tiers !== null;
          return [
            [
              t('licences.csv.rule'),
              rule,
              '',
              tier,
              fivefold + onefold,
              needed,
              known ? need.owned : null,
              known ? covered : null,
              known ? missing : null,
            ],
          ];
        }),
      ),
      ...partners.flatMap(({ id, name, kind, tiers }) =>
        TIERS.filter((tier) => tiers[tier]).map((tier): Row => [
          t('licences.csv.partner'),
          name ?? id ?? '',
          t(`licences.kind.${kind}`),
          tier,
          tiers[tier] ?? 0,
          null,
          null,
          null,
          null,
        ]),
      ),
      ...apps.map(({ name, tier, guests }): Row => [
        t('licences.csv.app'),
        name,
        '',
        tier ?? '',
        guests,
        null,
        null,
        null,
        null,
      ]),
      ...trend.months.flatMap(({ month, active, governed }): Row[] => [
        [t('licences.csv.active'), month, '', '', active, null, null, null, null],
        [t('licences.csv.governed'), month, '', '', governed, null, null, null, null],
      ]),
      ...(owned.source === null ? [] : [note(t(`licences.csv.${owned.source}`))]),
      ...gapsInWords(t, locale, report).map(note),
    ],
  };
}
