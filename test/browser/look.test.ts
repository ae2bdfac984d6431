import { loadLanguages } from '../../src/language.js';
import { inViewer } from '../look/inViewer.js';
import { PAGES } from '../look/pages.js';
import { pairwise, THEMES, WIDTHS } from '../look/runs.js';

// Every page in every state, looked at by axe and by rulers: WCAG 2.2 AA, no page wider than its window, marks of focus that
// are seen. `npm run test:look` looks at all of them in every language, theme and width.

const MOST_RUNS = 120;
const { available } = loadLanguages();
const runs = pairwise(PAGES, available, MOST_RUNS);

it('each page is looked at, and every language in every theme at every width', () => {
  expect(new Set(runs.map(({ look }) => look.name)).size).toBe(PAGES.length);
  const combinations = runs.map(({ language, theme, width }) => `${language} ${theme} ${width}`);
  expect(new Set(combinations).size).toBe(available.length * THEMES.length * WIDTHS.length);
});

inViewer(
  () => ({}),
  (viewer) => {
    it.each(
      runs.map((run) => [`${run.look.name}, ${run.language}, ${run.theme}, ${run.width} px`, run] as const),
    )('%s', async (_name, { look, language, theme, width }) => {
      const opened = await viewer().open(look, language);
      try {
        expect(await opened.findings(theme, width)).toEqual([]);
      } finally {
        await opened.close();
      }
    });
  },
);
