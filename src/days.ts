/** For days in UTC and for spans. In other time zones a day may be an hour longer or shorter. */
export const DAY_MS = 86_400_000;
