import { join } from 'node:path';

/** The project's folder: the simulator runs from its sources alone. */
export const root = join(import.meta.dirname, '..');
