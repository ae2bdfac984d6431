/** As the policy writes it: one text, or one for each language by its tag. */
export type WrittenTexts = string | Record<string, string>;

/** `language` is a BCP 47 tag; null where the policy does not name the language of its only text. */
export type Text = { language: string | null; text: string };

export function textsIn(written: WrittenTexts | undefined): Text[] {
  if (typeof written === 'string') return [{ language: null, text: written }];
  return Object.entries(written ?? {}).map(([language, text]) => ({ language, text }));
}
