const OUR_COLOUR = '#0b5cad';
/** WCAG 2.2, 1.4.3: the least contrast of text. */
const READABLE = 4.5;

/** `public/styles/tokens.css` has the same: what the colour stands on, and what can be written on it. */
const LIGHT = { ground: '#eceff3', texts: ['#ffffff', '#17202b', '#000000'], towards: '#000000' };
const DARK = { ground: '#2a3340', texts: ['#0d1420'], towards: '#ffffff' };

/** Colours as `#rrggbb`: what is filled, the same under the pointer, the text on it, and links. */
export type Accent = Record<'accent' | 'accent-hover' | 'on-accent' | 'link', string>;

/**
 * The organisation's colour, and what can be read on and beside it, for light and dark.
 *
 * @param colour `#rrggbb`; without one it is the portal's own
 */
export function accentOf(colour = OUR_COLOUR): { light: Accent; dark: Accent } {
  return { light: tokensOf(colour, LIGHT), dark: tokensOf(colour, DARK) };
}

/** A link has the colour, mixed until it can be read; what is filled with it has the first text that can be read on it. */
function tokensOf(colour: string, { ground, texts, towards }: typeof LIGHT): Accent {
  const link = untilReadable(colour, ground, towards);
  const filled = towards === DARK.towards ? link : colour;
  const text = texts.find((one) => contrast(one, filled) >= READABLE) ?? '';
  // Away from the text on it, so that it stays readable.
  const hover = mix(filled, luminance(text) > 0.5 ? '#000000' : '#ffffff', 0.15);
  return { accent: filled, 'accent-hover': hover, 'on-accent': text, link };
}

function untilReadable(colour: string, ground: string, towards: string): string {
  for (let share = 0; share < 1; share += 0.05) {
    const mixed = mix(colour, towards, share);
    if (contrast(mixed, ground) >= READABLE) return mixed;
  }
  return towards;
}

function mix(colour: string, other: string, share: number): string {
  const channels = channelsOf(colour).map((value, index) => {
    const mixed = Math.round(value * (1 - share) + (channelsOf(other)[index] ?? 0) * share);
    return mixed.toString(16).padStart(2, '0');
  });
  return `#${channels.join('')}`;
}

/** https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio */
export function contrast(one: string, other: string): number {
  const [lighter = 0, darker = 0] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (lighter + 0.05) / (darker + 0.05);
}

function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = channelsOf(colour).map((value) => {
    const channel = value / 255;
    return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function channelsOf(colour: string): number[] {
  return [1, 3, 5].map((start) => parseInt(colour.slice(start, start + 2), 16));
}
