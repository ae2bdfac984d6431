import type { z } from 'zod';
import { childPath } from './jsonWalk.js';
import type { PolicyFault } from './policyFault.js';

/** Reads a value by a schema. Adds what is wrong to `faults`, with paths below `base`; then there is no result. */
export function readWith<T>(
  schema: z.ZodType<T>,
  value: unknown,
  base: string,
  faults: PolicyFault[],
): T | undefined {
  const result = schema.safeParse(value, { error: message });
  if (result.success) return result.data;
  faults.push(...result.error.issues.flatMap((issue) => faultsOf(issue, base)));
  return undefined;
}

// The words for faults that the schema itself has none for.
function message(issue: z.core.$ZodRawIssue): string | undefined {
  if (issue.code === 'invalid_type' && issue.input === undefined) return 'is missing';
  if (issue.code === 'invalid_type') return `must be ${TYPES[issue.expected] ?? issue.expected}`;
  if (issue.code === 'invalid_value') {
    return `must be ${issue.values.map((value) => JSON.stringify(value)).join(' or ')}`;
  }
  return undefined;
}

const TYPES: Record<string, string> = {
  string: 'text in double quotes',
  array: 'a list in [ ]',
  object: 'an object in { }',
  record: 'an object in { }',
  boolean: 'true or false',
};

function faultsOf(issue: z.core.$ZodIssue, base: string): PolicyFault[] {
  const path = issue.path.reduce<string>((above, key) => childPath(above, asKey(key)), base);
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ path: childPath(path, key), message: 'is not a known key' }));
  }
  if (issue.code === 'invalid_key') {
    return [{ path, message: `the key ${issue.issues[0]?.message ?? 'is not allowed'}` }];
  }
  return [{ path, message: issue.message }];
}

function asKey(key: PropertyKey): string | number {
  return typeof key === 'symbol' ? key.toString() : key;
}
