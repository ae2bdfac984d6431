import { mayResend } from '../../../src/requests/resend/resend.js';
import type { RequestRow, StepRow } from '../../../src/store/schema.js';

const request = { state: 'provisioned', due_at: null, anonymised_at: null } as RequestRow;
const mailed = (secondsAgo: number, key = 'mail', mailedBy = 'portal') =>
  ({
    key,
    detail: { mailedBy },
    finished_at: new Date(Date.now() - secondsAgo * 1000),
  }) as unknown as StepRow;
const WINDOW = { mailWindowSeconds: 60 };

test('an invitation may be mailed again when the window since the last mail is over', () => {
  expect(mayResend(request, [mailed(61)], WINDOW)).toEqual({ allowed: true });
  const soon = mayResend(request, [mailed(300), mailed(20, 'resend:1')], WINDOW);
  expect(soon).toMatchObject({ allowed: false, why: 'tooSoon' });
  expect(soon).toHaveProperty('waitSeconds', 40);
});

test.each([
  ['of one that nobody was mailed', request, [mailed(61, 'mail', 'nobody')], 'notMailed'],
  ['of one that is not done', { ...request, state: 'held' as const }, [], 'notMailed'],
  ['while one is on its way', { ...request, due_at: new Date() }, [mailed(61)], 'underway'],
  [
    'a fourth time',
    request,
    ['mail', 'resend:1', 'resend:2', 'resend:3'].map((key) => mailed(61, key)),
    'used',
  ],
])('no mail is repeated %s', (_what, of, steps, why) => {
  expect(mayResend(of, steps, WINDOW)).toEqual({ allowed: false, why });
});
