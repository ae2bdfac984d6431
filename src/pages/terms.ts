import type { RequestHandler } from 'express';
import MarkdownIt from 'markdown-it';
import type { Deps } from '../deps.js';
import { notFound } from '../errors.js';

/** A block of the terms, as plain text: a view escapes it like everything else. */
type Block = { kind: 'h1' | 'h2' | 'p' | 'li'; text: string };

/** GET /terms */
export function showTerms({ policy }: Deps): RequestHandler {
  return (_req, res) => {
    const { terms } = policy.current();
    if (!terms) throw notFound();
    res.render('terms', { blocks: blocksOf(terms.text) });
  };
}

/** Headings, paragraphs and list items of a Markdown text; emphasis and links become plain words. */
export function blocksOf(markdown: string): Block[] {
  const tokens = new MarkdownIt('commonmark', { html: false }).parse(markdown, {});
  let inItem = false;
  return tokens.flatMap((token, index): Block[] => {
    if (token.type === 'list_item_open') inItem = true;
    if (token.type === 'list_item_close') inItem = false;
    if (token.type !== 'inline') return [];
    const text = (token.children ?? [])
      .map(({ type, content }) => (type === 'softbreak' || type === 'hardbreak' ? ' ' : content))
      .join('');
    const tag = tokens[index - 1]?.tag;
    const kind = inItem ? 'li' : tag === 'h1' ? 'h1' : tag?.startsWith('h') ? 'h2' : 'p';
    return [{ kind, text }];
  });
}
