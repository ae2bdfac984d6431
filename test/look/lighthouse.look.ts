import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { openSite, type PortalProcess, type Site } from '../process/portalProcess.js';
import { CHROMIUM_FLAGS, chromiumPath } from '../support/browsers.js';

// What Lighthouse says of the partner's pages on its slow phone. It reads the clock, so nothing else may run beside it.

/** Fetched when it is needed: it would nearly double what `npm ci` installs. */
const LIGHTHOUSE = 'lighthouse@12.8.2';
const CATEGORIES = ['performance', 'accessibility', 'best-practices'] as const;
/** Of a few runs the best one counts: what others do on the machine only makes them slower. */
const RUNS = 3;
const FIRST_PAINT_MS = 1_000;

type Report = {
  categories: Record<(typeof CATEGORIES)[number], { score: number }>;
  audits: Record<
    string,
    { score: number | null; title: string; numericValue?: number; displayValue?: string }
  >;
};

(chromiumPath ? describe : describe.skip)('in Chromium, skipped where there is none', () => {
  let site: Site;
  let portal: PortalProcess;

  beforeAll(async () => {
    site = await openSite({ policyFile: 'policies/partners.json' });
    portal = await site.start();
  }, 300_000);
  afterAll(() => site.close());

  async function measure(path: string): Promise<Report> {
    const flags = [
      `--only-categories=${CATEGORIES.join(',')}`,
      `--chrome-flags=--headless=new ${CHROMIUM_FLAGS.join(' ')}`,
      '--output=json',
      '--quiet',
      '--no-enable-error-reporting',
    ];
    const { stdout } = await promisify(execFile)('npx', ['--yes', LIGHTHOUSE, portal.url + path, ...flags], {
      env: { ...process.env, CHROME_PATH: chromiumPath },
      maxBuffer: 2 ** 26,
    });
    return JSON.parse(stdout) as Report;
  }

  it.each(['form', 'status'])(
    'the %s has 100 points in each category, and begins to show within a second',
    async (page) => {
      const path = page === 'form' ? '/' : await portal.visitor().apply({ email: 'dee@litware.com' });
      const reports: Report[] = [];
      while (reports.length < RUNS) reports.push(await measure(path));
      const points = CATEGORIES.map((name) =>
        Math.max(...reports.map(({ categories }) => categories[name].score * 100)),
      );
      const paint = Math.min(
        ...reports.map(({ audits }) => audits['first-contentful-paint']?.numericValue ?? Infinity),
      );
      process.stdout.write(
        `Lighthouse, ${page}: ${points.join(', ')}; first paint after ${Math.round(paint)} ms\n`,
      );
      const lost = reports.flatMap(({ audits }) =>
        Object.values(audits).flatMap(({ score, title, displayValue }) =>
          score !== null && score < 0.9 ? `${title} ${displayValue ?? ''}` : [],
        ),
      );
      expect({ points, lost: points.every((one) => one === 100) ? [] : lost }).toEqual({
        points: [100, 100, 100],
        lost: [],
      });
      expect(paint).toBeLessThan(FIRST_PAINT_MS);
    },
    300_000,
  );
});
