import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';

export type FillTime = {
  /** This moment, signed, for a hidden field of a form. */
  stamp: () => string;
  /** How long ago a stamp was made, in seconds; null for what is no stamp of ours. Negative where another clock runs ahead. */
  secondsSince: (posted: unknown) => number | null;
};

/** Signed moments that tell how long somebody has had a form, without keeping anything. Anybody may send an old one again. */
export function fillTime([newest, ...older]: readonly [string, ...string[]]): FillTime {
  const keyOf = (secret: string) => Buffer.from(hkdfSync('sha256', secret, '', 'portal: fill time', 32));
  const newestKey = keyOf(newest);
  const keys = [newestKey, ...older.map(keyOf)];
  return {
    stamp() {
      const moment = Date.now().toString(36);
      return `${moment}.${signatureOf(moment, newestKey).toString('base64url')}`;
    },
    secondsSince(posted) {
      if (typeof posted !== 'string') return null;
      const [, moment = '', signature = ''] = /^([0-9a-z]{1,10})\.([\w-]{22})$/.exec(posted) ?? [];
      const given = Buffer.from(signature, 'base64url');
      const isOurs = keys.some((key) => {
        const expected = signatureOf(moment, key);
        return given.length === expected.length && timingSafeEqual(given, expected);
      });
      return isOurs ? (Date.now() - parseInt(moment, 36)) / 1000 : null;
    },
  };
}

/** 128 bits are enough where a right guess only passes for a slow reader. */
function signatureOf(moment: string, key: Buffer): Buffer {
  return createHmac('sha256', key).update(moment).digest().subarray(0, 16);
}
