import { loadLanguages } from '../../src/language.js';
import { inViewer } from './inViewer.js';
import { PAGES } from './pages.js';
import { THEMES, WIDTHS } from './runs.js';

// Every page in every state, in every language, theme and width; takes about three quarters of an hour.

inViewer(
  () => ({}),
  (viewer) => {
    describe.each(loadLanguages().available)('%s', (language) => {
      it.each(PAGES.map((look) => [look.name, look] as const))('%s', async (_name, look) => {
        const opened = await viewer().open(look, language);
        try {
          const found: string[] = [];
          for (const width of WIDTHS)
            for (const theme of THEMES)
              for (const finding of await opened.findings(theme, width))
                found.push(`${theme}, ${width} px: ${finding}`);
          // A person's own colours take all backgrounds and shadows away.
          await opened.page.emulateMedia({ forcedColors: 'active' });
          found.push(
            ...(await opened.page.evaluate<string[]>('look.unmarked(true)')).map(
              (one) => `forced colours: ${one}`,
            ),
          );
          expect(found).toEqual([]);
        } finally {
          await opened.close();
        }
      });
    });
  },
);
