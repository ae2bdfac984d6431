import { TIERS, type Tier } from '../policy/licensing.js';
import { activeBill, FREE_ACTIVE, governanceBill, type Bill } from './monthly.js';
import {
  fiveToOne,
  RULE_IN_USE,
  RULES,
  type Kind,
  type Need,
  type People,
  type Owned,
  type Rule,
} from './rule.js';

// The calculator: what if? Its questions are texts, from a page or from a command.

/** `basic=50,p1=50` each, and numbers. */
export type Question = Partial<Record<Field, string>>;
export const PEOPLE_FIELDS = {
  guests: 'guest',
  employee: 'employee',
  affiliateMember: 'affiliateMember',
  affiliateGuest: 'affiliateGuest',
  homeLicensed: 'homeLicensed',
} as const satisfies Record<string, Kind>;
/** By the kinds of rules that they belong to. */
export const FIELDS_OF = {
  people: [...(Object.keys(PEOPLE_FIELDS) as (keyof typeof PEOPLE_FIELDS)[]), 'owned'],
  months: ['active', 'free', 'touched', 'price'],
} as const;
export const FIELDS = ['rule', ...FIELDS_OF.people, ...FIELDS_OF.months] as const;
export type Field = (typeof FIELDS)[number];

export const TRIAL_RULES = [...RULES, 'mau', 'governance'] as const;

const OF_RULE: Record<(typeof TRIAL_RULES)[number], readonly Field[]> = {
  '2017': FIELDS_OF.people,
  '2018': FIELDS_OF.people,
  mau: ['active', 'free', 'price'],
  governance: ['touched', 'price'],
};

export type Answer =
  { rule: Rule; tiers: Partial<Record<Tier, Need>> } | ({ rule: 'mau' | 'governance' } & Bill);

/** A part of a question that makes no sense; `value` is what it says. */
export type QuestionFault = {
  field: Field;
  code: 'rule' | 'tiers' | 'tier' | 'twice' | 'count' | 'price' | 'missing' | 'free' | 'unused';
  value: string;
};

/** Nobody has more people, and a number that is longer is a slip of the finger. */
const MOST = 100_000_000;
const HIGHEST_PRICE = 10_000;

class Faulty extends Error {
  constructor(readonly fault: QuestionFault) {
    super(fault.code);
  }
}

/** A question with only what its rule asks for. */
export function withoutUnused(question: Question): Question {
  const rule = ruleOf(question);
  const used: readonly string[] = rule ? OF_RULE[rule] : [];
  return Object.fromEntries(
    Object.entries(question).filter(([field]) => field === 'rule' || used.includes(field)),
  );
}

function ruleOf({ rule = RULE_IN_USE }: Question) {
  return TRIAL_RULES.find((one) => one === rule);
}

/** Answers a question, or says which part of it makes no sense. */
export function answer(
  question: Question,
): { ok: true; answer: Answer } | { ok: false; fault: QuestionFault } {
  try {
    return { ok: true, answer: work(question) };
  } catch (error) {
    if (error instanceof Faulty) return { ok: false, fault: error.fault };
    throw error;
  }
}

function work(question: Question): Answer {
  const rule = ruleOf(question);
  if (!rule) throw new Faulty({ field: 'rule', code: 'rule', value: question.rule ?? '' });
  const unused = FIELDS.find(
    (field) => field !== 'rule' && question[field] !== undefined && !OF_RULE[rule].includes(field),
  );
  if (unused) throw new Faulty({ field: unused, code: 'unused', value: question[unused] ?? '' });
  switch (rule) {
    case 'mau': {
      const free = question.free === undefined ? FREE_ACTIVE : countIn(question, 'free');
      return { rule, ...activeBill(countIn(question, 'active'), { free, price: priceIn(question) }) };
    }
    case 'governance':
      return { rule, ...governanceBill(countIn(question, 'touched'), priceIn(question)) };
    default:
      return { rule, tiers: fiveToOne(rule, peopleIn(question), ownedIn(question)) };
  }
}

function peopleIn(question: Question): People {
  const fields = Object.entries(PEOPLE_FIELDS) as [keyof typeof PEOPLE_FIELDS, Kind][];
  return Object.fromEntries(fields.map(([field, kind]) => [kind, tiersIn(question, field)]));
}

function ownedIn(question: Question): Owned {
  const { free, ...owned } = tiersIn(question, 'owned');
  if (free !== undefined) throw new Faulty({ field: 'owned', code: 'free', value: String(free) });
  return owned;
}

/** Reads `basic=50,p1=50`. */
function tiersIn(question: Question, field: Field): Partial<Record<Tier, number>> {
  const text = (question[field] ?? '').trim();
  const counts: Partial<Record<Tier, number>> = {};
  for (const part of text === '' ? [] : text.split(',')) {
    const [name = '', number, ...rest] = part.split('=').map((word) => word.trim());
    if (number === undefined || rest.length > 0) throw new Faulty({ field, code: 'tiers', value: part });
    const tier = TIERS.find((one) => one === name.toLowerCase());
    if (!tier) throw new Faulty({ field, code: 'tier', value: name });
    if (counts[tier] !== undefined) throw new Faulty({ field, code: 'twice', value: tier });
    counts[tier] = countOf(field, number);
  }
  return counts;
}

function countIn(question: Question, field: Field): number {
  const text = question[field]?.trim() ?? '';
  if (text === '') throw new Faulty({ field, code: 'missing', value: '' });
  return countOf(field, text);
}

function countOf(field: Field, text: string): number {
  const count = /^\d{1,9}$/.test(text) ? Number(text) : NaN;
  if (!(count <= MOST)) throw new Faulty({ field, code: 'count', value: text });
  return count;
}

function priceIn({ price = '' }: Question): number {
  if (price.trim() === '') throw new Faulty({ field: 'price', code: 'missing', value: '' });
  // Much of Europe writes 0,00325.
  const text = price.trim().replace(',', '.');
  const amount = /^\d{1,5}(\.\d{1,8})?$/.test(text) ? Number(text) : NaN;
  if (!(amount <= HIGHEST_PRICE)) throw new Faulty({ field: 'price', code: 'price', value: price });
  return amount;
}
