import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The project's folder, which holds views, locales and public files; the same from `src` and from `dist`. */
export const root = dirname(dirname(fileURLToPath(import.meta.url)));
