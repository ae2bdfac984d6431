/** For days in UTC, and for spans: a day of the calendar may be an hour longer or shorter elsewhere. */
export const DAY_MS = 86_400_000;
