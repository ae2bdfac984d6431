import type { RequestHandler } from 'express';
import MarkdownIt from 'markdown-it';
import type { Deps } from '../deps.js';
import { notFound } from '../errors.js';
import { nameOfLanguage } from '../language.js';
import type { TermsText } from '../policyFile/terms.js';
import { asShown, showText } from './inLanguage.js';

/** A run of plain text, which a view escapes like everything else; `href` is https, http or mailto. */
type Span = { text: string; strong: boolean; href: string | null };

/** A heading or paragraph, or a list with its items. */
export type Block =
  { kind: 'h1' | 'h2' | 'p'; spans: Span[] } | { kind: 'ul' | 'ol'; start: number; items: Span[][] };

type Token = ReturnType<MarkdownIt['parse']>[number];

/** GET /terms, in the reader's language; `?in=` asks for the text that stood beside a form. */
export function showTerms({ policy }: Deps): RequestHandler {
  // An admin may write much, and anybody may ask for it: it is rendered once for each policy that is read.
  const rendered = new WeakMap<TermsText, string>();
  return (req, res, next) => {
    const { texts = [] } = policy.current().terms ?? {};
    const asked = texts.find(({ language }) => language !== null && language === req.query.in);
    const shown = asked ? asShown(asked, texts, res.locals) : showText(texts, res.locals);
    if (!shown) throw notFound();
    const { text: terms, mark, note } = shown;
    const others = texts.flatMap(({ language }) =>
      language === null || language === terms.language
        ? []
        : [{ path: termsPath(language), name: nameOfLanguage(language), lang: language }],
    );
    const html = rendered.get(terms);
    if (html !== undefined) {
      res.render('terms', { html, mark, note, others });
      return;
    }
    res.app.render('partials/blocks', { blocks: blocksOf(terms.text) }, (error: Error | null, text) => {
      if (error) {
        next(error);
        return;
      }
      rendered.set(terms, text);
      res.render('terms', { html: text, mark, note, others });
    });
  };
}

/** The path of the terms in a language; null for the only ones, whose language is not named. */
export const termsPath = (language: string | null) =>
  language === null ? '/terms' : `/terms?in=${language}`;

/** Headings, paragraphs and flat lists of a Markdown text, with emphasis and links; all else becomes plain words. */
export function blocksOf(markdown: string): Block[] {
  const tokens = new MarkdownIt('commonmark', { html: false }).parse(markdown, {});
  const blocks: Block[] = [];
  let list: Extract<Block, { items: Span[][] }> | null = null;
  tokens.forEach((token, index) => {
    if (token.level === 0 && (token.tag === 'ul' || token.tag === 'ol')) {
      list =
        token.nesting === 1
          ? { kind: token.tag, start: Number(token.attrGet('start') ?? 1), items: [] }
          : null;
      if (list) blocks.push(list);
    }
    if (token.type !== 'inline') return;
    const spans = spansOf(token.children ?? []);
    if (list) list.items.push(spans);
    else blocks.push({ kind: kindOf(tokens[index - 1]?.tag), spans });
  });
  return blocks;
}

function kindOf(tag = ''): 'h1' | 'h2' | 'p' {
  if (tag === 'h1') return 'h1';
  return /^h\d$/.test(tag) ? 'h2' : 'p';
}

function spansOf(tokens: Token[]): Span[] {
  let strong = 0;
  let href: string | null = null;
  return tokens.flatMap((token): Span[] => {
    if (token.tag === 'strong') strong += token.nesting;
    if (token.tag === 'a') href = token.nesting === 1 ? safeLink(token.attrGet('href')) : null;
    const text = token.type.endsWith('break') ? ' ' : token.content;
    return text === '' ? [] : [{ text, strong: strong > 0, href }];
  });
}

function safeLink(href: string | null): string | null {
  return href !== null && /^(https?:\/\/|mailto:)/i.test(href) ? href : null;
}
