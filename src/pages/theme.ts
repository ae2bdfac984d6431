import type { RequestHandler } from 'express';
import { accentOf, type Accent } from '../accent.js';
import type { Deps } from '../deps.js';

/** GET /theme.css: the organisation's colour. A style sheet of its own, since the CSP forbids styles inside a page. */
export function theme({ policy }: Deps): RequestHandler {
  return (_req, res) => {
    res.type('css').send(themeOf(policy.current().policy.document.portal.colour));
  };
}

/**
 * Style sheet that sets the colour and what can be read on and beside it, for light and dark.
 *
 * @param colour `#rrggbb`
 */
export function themeOf(colour?: string): string {
  const { light, dark } = accentOf(colour);
  return `${rule(light)}@media screen and (prefers-color-scheme: dark) { ${rule(dark)}}\n`;
}

function rule(tokens: Accent): string {
  const members = Object.entries(tokens).map(([name, value]) => `--${name}: ${value};`);
  return `:root { ${members.join(' ')} }\n`;
}
