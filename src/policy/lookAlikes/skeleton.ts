/**
 * Letters of other scripts, and Latin letters other than a to z, by the letter that they are mistaken for. From the
 * confusables of Unicode Technical Standard 39 and Chromium's additions for domain names (`skeleton_generator.cc`), as far as
 * they are valid in a lower-case domain name. Letters with marks are not listed, because the marks are removed first.
 */
const TAKEN_FOR: Record<string, string> = {
  a: 'аαɑ',
  b: 'ьвƅ',
  c: 'сϲҫᴄ',
  d: 'ԁԃđɗ',
  e: 'еєҽҿ',
  f: 'ғӻ',
  g: 'ɡԍ',
  h: 'һнћħңҥӈԧ',
  i: 'іιıɩ',
  j: 'јϳ',
  k: 'кκĸқҝӄ',
  l: 'ӏłƚ',
  m: 'мӎ',
  n: 'пηŋԥո',
  o: 'оοσøօ',
  p: 'рρϼҏþ',
  q: 'ԛզ',
  r: 'гґ',
  s: 'ѕꜱ',
  t: 'тτŧҭ',
  u: 'υսʋ',
  v: 'νѵ',
  w: 'ԝωшщ',
  x: 'хχҳӽ',
  y: 'уγүұ',
  z: 'ᴢʐ',
  ae: 'æӕ',
  oe: 'œ',
};

const LATIN = new Map(
  Object.entries(TAKEN_FOR).flatMap(([latin, letters]) => Array.from(letters, (letter) => [letter, latin])),
);
const IN_A_HURRY: Record<string, string> = {
  '0': 'o',
  '1': 'l',
  i: 'l',
  '5': 's',
  rn: 'm',
  vv: 'w',
  cl: 'd',
  c1: 'd',
};

/**
 * What a hasty reader sees of a name: two names with the same skeleton are easily mistaken for one another. A skeleton means
 * nothing by itself, since plain words are folded as well (`mail` is `mall`).
 *
 * @param name lower case, A-labels decoded
 */
export function skeletonOf(name: string): string {
  return inLatin(name).replace(/[015i]|rn|vv|c[l1]/g, (seen) => IN_A_HURRY[seen] ?? seen);
}

function inLatin(name: string): string {
  // eslint-disable-next-line no-control-regex -- ASCII includes them
  if (/^[\x00-\x7f]*$/.test(name)) return name;
  const plain = name.normalize('NFKD').replace(/\p{M}/gu, '');
  return Array.from(plain, (letter) => LATIN.get(letter) ?? letter).join('');
}
