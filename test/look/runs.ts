import type { Look } from './pages.js';

export const THEMES = ['light', 'dark'] as const;
/** A small phone, which is also 1280 px at 400 %; a phone; a desk. */
export const WIDTHS = [320, 390, 1280] as const;

export type Theme = (typeof THEMES)[number];
export type Width = (typeof WIDTHS)[number];
export type Run = { look: Look; language: string; theme: Theme; width: Width };

/**
 * Each page once and, while `most` allows, a second time in the other theme, at another width and in another language. Every
 * language meets every theme at every width. The same pages have the same runs every time.
 */
export function pairwise(pages: readonly Look[], languages: readonly string[], most: number): Run[] {
  const passes = [0, 1].flatMap((pass) => pages.map((look, index) => run(look, index, pass)));
  return passes.slice(0, most);

  function run(look: Look, index: number, pass: number): Run {
    const turn = Math.floor(index / languages.length);
    return {
      look,
      language: at(languages, index + pass),
      theme: at(THEMES, turn + pass),
      width: at(WIDTHS, Math.floor(turn / THEMES.length) + index + pass),
    };
  }
}

function at<T>(list: readonly T[], index: number): T {
  return list[index % list.length] as T;
}
