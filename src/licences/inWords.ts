import type { Translate } from '../language.js';
import type { Tier } from '../policy/licensing.js';
import type { Consequence } from './forecast.js';
import type { LicenceReport } from './report.js';
import { FIVE, PAID_TIERS, RULE_IN_USE, type Need } from './rule.js';

/** What a tier needs, as a sentence: “P1: you need 12 licences for 60 people and own 10: 2 are missing.” */
export function needInWords(
  t: Translate,
  locale: string,
  tier: Tier,
  need: Need,
  { known = true }: { known?: boolean } = {},
): string {
  const number = new Intl.NumberFormat(locale);
  const people = need.fivefold + need.onefold;
  const values = {
    tier: t(`licences.tier.${tier}`),
    people: t('licences.people', { count: people, number: number.format(people) }),
    needed: t('licences.licences', { count: need.needed, number: number.format(need.needed) }),
    owned: number.format(need.owned),
    missing: number.format(need.missing),
  };
  const says = !known ? 'unknown' : need.missing > 0 ? 'missing' : 'enough';
  const sentence = t(`licences.need.${says}`, { ...values, count: known ? need.missing : people });
  return known ? withSpare(t, locale, sentence, need) : sentence;
}

/** What a tier needs in the answer of the calculator. */
export function trialInWords(t: Translate, locale: string, tier: Tier, need: Need): string {
  const number = new Intl.NumberFormat(locale);
  const people = need.fivefold + need.onefold;
  const sentence = t('licences.try.need', {
    tier: t(`licences.tier.${tier}`),
    people: t('licences.people', { count: people, number: number.format(people) }),
    needed: number.format(need.needed),
    owned: number.format(need.owned),
    missing: number.format(need.missing),
  });
  return tier === 'free' ? sentence : withSpare(t, locale, sentence, need);
}

/** Without this, needed, owned and missing would not seem to add up. */
function withSpare(t: Translate, locale: string, sentence: string, need: Need): string {
  const count = need.covered - FIVE * need.owned;
  if (count <= 0) return sentence;
  return inOne(locale, [
    sentence,
    t('licences.need.spare', { count, number: new Intl.NumberFormat(locale).format(count) }),
  ]);
}

/** A sentence for each paid tier that anybody needs, the dearest first. */
export function needsInWords(t: Translate, locale: string, { needs, owned }: LicenceReport): string[] {
  const known = owned.tiers !== null;
  return [...PAID_TIERS].reverse().flatMap((tier) => {
    const need = needs[RULE_IN_USE][tier];
    return need && need.fivefold + need.onefold > 0 ? [needInWords(t, locale, tier, need, { known })] : [];
  });
}

/** Chinese has no space between sentences. */
function inOne(locale: string, sentences: string[]): string {
  return sentences.join(locale.startsWith('zh') ? '' : ' ');
}

/** What the numbers of a report do not know, a sentence each. */
export function gapsInWords(t: Translate, locale: string, report: LicenceReport): string[] {
  const { unsaid, withoutTier, gaps, owned, leftPartners } = report;
  const figures = new Intl.NumberFormat(locale);
  const number = (count: number) => ({ count, number: figures.format(count) });
  const notCounted = owned.notCounted.map(({ sku, status, units }) =>
    t(`licences.note.${status === 'notProvisioned' ? 'notProvisioned' : 'notCounted'}`, {
      sku,
      status,
      licences: t('licences.licences', number(units)),
    }),
  );
  return [
    unsaid > 0 && t('licences.note.unsaid', number(unsaid)),
    report.saysTiers &&
      withoutTier.length > 0 &&
      t('licences.note.withoutTier', { names: withoutTier.join(', ') }),
    gaps.anonymised > 0 && t('licences.note.anonymised', number(gaps.anonymised)),
    gaps.severalPartners > 0 && t('licences.note.severalPartners', number(gaps.severalPartners)),
    leftPartners.length > 0 && t('licences.note.leftPartners', { names: leftPartners.join(', ') }),
    report.coming > 0 && t('licences.note.coming', number(report.coming)),
    ...notCounted,
    owned.lifted > 0 && t('licences.note.lifted', number(owned.lifted)),
    t('licences.note.elsewhere'),
    t('licences.note.spare'),
    owned.others.length > 0 && t('licences.note.others', { names: owned.others.join(', ') }),
  ].filter((text) => text !== false);
}

/** Consequences, a sentence each. */
export function consequencesInWords(t: Translate, locale: string, all: readonly Consequence[]): string[] {
  return all.map((one) => consequenceInWords(t, locale, one));
}

function consequenceInWords(t: Translate, locale: string, consequence: Consequence): string {
  const number = new Intl.NumberFormat(locale);
  const people = number.format(consequence.people);
  switch (consequence.code) {
    case 'licences': {
      const { tier, more, missing } = consequence;
      const count = Math.abs(more);
      const says = t(`licences.then.${more < 0 ? 'fewer' : more > 0 ? 'licences' : 'same'}`, {
        people: t('licences.people', { count: consequence.people, number: people }),
        tier: t(`licences.tier.${tier}`),
        more: t(more < 0 ? 'licences.fewer' : 'licences.more', { count, number: number.format(count) }),
      });
      if (missing === 0) return says;
      const then =
        missing === null
          ? t('licences.then.unknown')
          : t('licences.then.missing', { count: missing, number: number.format(missing) });
      return inOne(locale, [says, then]);
    }
    case 'active':
      return t('licences.then.active', { people, free: number.format(consequence.free) });
    case 'governance':
      return t('licences.then.governance', { count: consequence.people, number: people });
  }
}
