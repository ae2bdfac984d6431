import { kindOfAnswer, mayBeProcessed, retryAfterSeconds } from '../../src/graph/graphFault.js';

const NOW = Date.parse('2026-11-20T12:00:00Z');

test.each([
  ['seconds', '7', 7],
  ['a fraction', '2.128', 2.128],
  ['a date', 'Fri, 20 Nov 2026 12:00:30 GMT', 30],
  ['a date that has passed', 'Fri, 20 Nov 2026 11:00:00 GMT', 0],
  ['a negative number', '-5', 0],
  ['an absurd number', '99999999', 600],
  ['an absurd date', 'Fri, 20 Nov 2099 12:00:00 GMT', 600],
  ['nothing', null, null],
  ['blanks', ' ', null],
  ['words', 'soon', null],
])('Retry-After as %s', (_, header, seconds) => {
  expect(retryAfterSeconds(header, NOW)).toBe(seconds);
});

test.each([
  [429, 'TooManyRequests', 'throttled'],
  [401, 'InvalidAuthenticationToken', 'unauthenticated'],
  [401, 'Unauthorized', 'forbidden'],
  [403, 'Authorization_RequestDenied', 'forbidden'],
  [404, 'Request_ResourceNotFound', 'notFound'],
  [409, 'Directory_ConcurrencyViolation', 'conflict'],
  [408, null, 'unavailable'],
  [500, null, 'unavailable'],
  [503, null, 'unavailable'],
  [400, 'BadRequest', 'rejected'],
  [412, null, 'rejected'],
])('%i %s is %s', (status, code, kind) => {
  expect(kindOfAnswer(status, code)).toBe(kind);
});

const coded = (code: string) => Object.assign(new Error(code), { code });

test.each([
  ['ECONNREFUSED', 'no'],
  ['ENOTFOUND', 'no'],
  ['UND_ERR_CONNECT_TIMEOUT', 'no'],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'no'],
  ['ECONNRESET', 'unknown'],
  ['UND_ERR_SOCKET', 'unknown'],
])('a failure with %s: processed %s', (code, processed) => {
  expect(mayBeProcessed(new TypeError('fetch failed', { cause: coded(code) }))).toBe(processed);
});
