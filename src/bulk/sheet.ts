import type { SheetRow } from '../store/schema.js';

export type Sheet = {
  rows: SheetRow[];
  /** Headings that we do not know. */
  ignored: string[];
  /** The line of the template's example, which is left out. */
  exampleLine: number | null;
};
