/** A text from a token as pages and the store can take it: whoever runs a directory may write anything into a name. */
export function claimText(text: string | undefined, max = 256): string | undefined {
  const cleaned = text
    ?.replace(/[\p{Cc}\p{Cs}]/gu, '')
    .trim()
    .slice(0, max);
  return cleaned === '' ? undefined : cleaned;
}
