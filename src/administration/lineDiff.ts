import { structuredPatch } from 'diff';

/** A line of a difference with its surroundings; `gap` stands for lines that are the same in both. */
export type DiffLine = { kind: 'same' | 'ins' | 'del' | 'gap'; text: string };

const CONTEXT_LINES = 3;
/** Texts that have little in common take quadratic time, and a difference line by line would say nothing of them. */
const LONGEST_MS = 300;
const MOST_LINES = 2_000;
const LONGEST_LINE = 1_000;

/** What differs between two texts, line by line; null when they differ too much to be shown so. */
export function lineDiff(before: string, after: string): DiffLine[] | null {
  const options = { context: CONTEXT_LINES, timeout: LONGEST_MS };
  const patch = structuredPatch('', '', before, after, '', '', options);
  if (!patch) return null;
  const lines = patch.hunks.flatMap(({ lines: hunk, oldStart }, index): DiffLine[] => [
    ...(index > 0 || oldStart > 1 ? [{ kind: 'gap' as const, text: '' }] : []),
    ...hunk.filter((line) => !line.startsWith('\\')).map(asDiffLine),
  ]);
  return lines.length > MOST_LINES ? null : lines;
}

const KINDS: Record<string, DiffLine['kind']> = { '+': 'ins', '-': 'del' };

function asDiffLine(line: string): DiffLine {
  const text = line.slice(1).replace(/\r$/, '');
  const shown = text.length > LONGEST_LINE ? `${text.slice(0, LONGEST_LINE)} …` : text;
  return { kind: KINDS[line.charAt(0)] ?? 'same', text: shown };
}
