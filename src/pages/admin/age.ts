const UNITS = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
] as const;

/** How long ago a moment was, in the largest unit that it fills: "3 days"; less than a minute counts as one. */
export function ageOf(moment: Date, locale: string, now = new Date()): string {
  const seconds = (now.getTime() - moment.getTime()) / 1000;
  const [unit, length] = UNITS.find(([, each]) => seconds >= each) ?? UNITS[2];
  return new Intl.NumberFormat(locale, { style: 'unit', unit, unitDisplay: 'long' }).format(
    Math.max(1, Math.floor(seconds / length)),
  );
}
