import { parseAddress } from '../../src/policy/address.js';
import { decide } from '../../src/policy/decide.js';
import { timesAsLong } from '../support/processorTime.js';
import { aPartner, aPolicy } from './aPolicy.js';

const PARTNERS = 10_000;
const ADDRESSES = 4_000;
/** What backtracks or is compared with every partner takes thousands of times as long. */
const MOST_TIMES = 30;

/** What is made to take long, one text for each number. */
const HOSTILE: Record<string, (index: number) => string> = {
  'nothing but @': (index) => '@'.repeat(512 - (index % 9)),
  'many @ between letters': (index) => `${'a@'.repeat(100)}${index}.com`,
  'a megabyte of spaces': (index) => `${' '.repeat(1_000_000)}a@b${index}.com`,
  'spaces inside': (index) => `a${' '.repeat(200)}@b${index}.com`,
  'dots before the @': (index) => `${'.'.repeat(60)}${index}@fabrikam.com`,
  'dots behind the @': (index) => `a@${'.'.repeat(240)}${index}.com`,
  'labels as many as fit': (index) => `${index}@${'a.'.repeat(118)}com`,
  'hyphens as many as fit': (index) =>
    `${index}@${'a-'.repeat(30)}a.${'b-'.repeat(30)}b.${'c-'.repeat(30)}c.com`,
  'labels as long as they get': (index) => `${index}@${`${'x'.repeat(62)}.`.repeat(3)}com`,
  'quotation marks and backslashes': (index) => `"${'\\"'.repeat(60)}${index}"@fabrikam.com`,
  'comments within comments': (index) => `a${'('.repeat(60)}${index}${')'.repeat(60)}@fabrikam.com`,
  'tags of tags': (index) => `a${'+a'.repeat(30)}@company${index}.com`,
  'letters of other scripts': (index) => `${'а'.repeat(60)}@${'ｆ'.repeat(60)}${index}.com`,
  'marks upon marks': (index) => `a${'\u0301'.repeat(200)}@b${index}.com`,
  'A-labels that decode to little': (index) => `${index}@${'xn--cntoso-i0e.'.repeat(15)}com`,
  'A-labels that decode to nothing': (index) => `${index}@${'xn--a.'.repeat(35)}com`,
  'one slip from a listed domain': (index) => `a@comp${'abcdefghij'.charAt(index % 10)}ny${index}.com`,
  'one letter less than a listed domain': (index) => `a@compny${index}.com`,
  'close to many listed domains': (index) => `a@company${index}0.com`,
  'a listed name in each label': (index) => `${index}@${'company7.'.repeat(26)}com`,
  'a listed name after each hyphen': (index) =>
    `${index}@company7-company8-company9-company10.${'co-'.repeat(60)}x.com`,
  'what turns into other letters': (index) =>
    `${index}@${'rnvvcl015i'.repeat(6)}.${'rnvvcl015i'.repeat(6)}.com`,
};

test(`1.3.12 ${ADDRESSES} hostile addresses take little more than as many good ones, by a policy of ${PARTNERS} partners`, async () => {
  const policy = await aPolicy({
    partners: Array.from({ length: PARTNERS }, (_, index) =>
      aPartner({ id: `company${index}`, domains: [`company${index}.com`, `*.company${index}.com`] }),
    ),
    deny: { domains: ['*.evil.com'], consumer: true, disposable: true },
    unlisted: 'review',
  });
  const kinds = Object.values(HOSTILE);
  const hostile = Array.from({ length: ADDRESSES }, (_, index) => kinds[index % kinds.length]?.(index) ?? '');
  const good = Array.from({ length: ADDRESSES }, (_, index) => `ana.lind${index}@company${index}.com`);
  const decideOn = (texts: string[]) => () => {
    const outcomes = new Map<string, number>();
    for (const text of texts) {
      const parsed = parseAddress(text);
      const outcome = parsed.ok ? (decide(policy, parsed).rule ?? '') : parsed.fault;
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    }
    return outcomes;
  };

  const outcomes = decideOn(hostile)();
  expect(await timesAsLong(decideOn(hostile), decideOn(good))).toBeLessThan(MOST_TIMES);
  // They are not all refused at the door.
  for (const rule of ['deny: look-alike', 'unlisted']) expect(outcomes.get(rule)).toBeGreaterThan(100);
  for (const fault of ['severalAts', 'tooLong', 'notAscii', 'quoted', 'domain']) {
    expect(outcomes.get(fault)).toBeGreaterThan(100);
  }
});

test.each(Object.entries(HOSTILE))('%s: none takes long beside good ones', async (_, make) => {
  const policy = await aPolicy({ partners: [aPartner({ domains: ['company7.com', '*.company7.com'] })] });
  const decideOn = (make: (index: number) => string) => {
    const texts = Array.from({ length: 20 }, (__, index) => make(index));
    return () => {
      for (const text of texts) {
        const parsed = parseAddress(text);
        if (parsed.ok) decide(policy, parsed);
      }
    };
  };
  const good = decideOn((index) => `ana.lind${index}@company7.com`);
  const hundredTimes = (work: () => void) => () => {
    for (let count = 0; count < 100; count++) work();
  };
  expect(await timesAsLong(decideOn(make), hundredTimes(good))).toBeLessThan(MOST_TIMES);
});
