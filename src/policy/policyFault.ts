/**
 * One thing wrong with a policy file. `path` such as `partners[2].domains[0]`, '' for the whole file; places count from 1.
 * `cause` is the path of the other place that it conflicts with, if any; `setting` is the environment variable that would also
 * mend it, if any.
 */
export type PolicyFault = {
  path: string;
  message: string;
  cause?: string;
  setting?: string;
  line?: number;
  column?: number;
};

/** One line for people: where in the file, then what is wrong. */
export function formatFault({ path, message, line, column }: PolicyFault): string {
  const place =
    line === undefined ? '' : ` (line ${line}${column === undefined ? '' : `, column ${column}`})`;
  return path === '' ? `${message}${place}` : `${path}: ${message}${place}`;
}

/** A policy file that cannot be used. The message names every fault on a line of its own. */
export class PolicyError extends Error {
  override readonly name = 'PolicyError';

  constructor(
    readonly file: string,
    readonly faults: PolicyFault[],
  ) {
    super(
      [`The policy ${file} cannot be used:`, ...faults.map((fault) => `  ${formatFault(fault)}`)].join('\n'),
    );
  }
}
