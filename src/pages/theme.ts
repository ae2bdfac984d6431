import type { RequestHandler } from 'express';
import type { Deps } from '../deps.js';

const OUR_COLOUR = '#0b5cad';
/** WCAG 2.2, 1.4.3: the least contrast of text. */
const READABLE = 4.5;

/** GET /theme.css: the organisation's colour. A style sheet of its own, since the CSP forbids styles inside a page. */
export function theme({ policy }: Deps): RequestHandler {
  return (_req, res) => {
    res.type('css').send(themeOf(policy.current().policy.document.portal.colour ?? OUR_COLOUR));
  };
}

/**
 * Style sheet that sets the colour and what can be read on and beside it: a pale colour keeps dark text.
 *
 * @param colour `#rrggbb`
 */
function themeOf(colour: string): string {
  const readable = contrastWithWhite(colour) >= READABLE;
  return `:root { --accent: ${colour}; --on-accent: ${readable ? '#fff' : 'var(--ink)'}; --link: ${readable ? colour : 'var(--ink)'}; }\n`;
}

/** https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio */
function contrastWithWhite(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((start) => {
    const channel = parseInt(colour.slice(start, start + 2), 16) / 255;
    return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
  });
  return 1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05);
}
