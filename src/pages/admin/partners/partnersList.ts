import type { RequestHandler } from 'express';
import { checkEditing } from '../../../administration/changePolicy.js';
import type { Deps } from '../../../deps.js';
import { malformed } from '../../../errors.js';
import { accessIn } from '../../../http/guard.js';
import type { Partner } from '../../../policy/schema.js';
import { savedNotice } from '../form/formPage.js';
import { partnerPath } from '../objectPath.js';

const PAGE_LENGTH = 100;
const STATES = ['all', 'enabled', 'disabled'] as const;

/** GET /admin/partners?q=&state=&page= */
export function listPartners(deps: Deps): RequestHandler {
  return async (req, res) => {
    const { q, state, page } = readFilter(req.query);
    const { partners, apps } = deps.policy.current().policy.document;
    const found = partners.filter((partner) => isIn(partner, state) && matches(partner, q));
    const pages = Math.max(1, Math.ceil(found.length / PAGE_LENGTH));
    const at = Math.min(page, pages);
    const link = (to: number) =>
      `/admin/partners?${new URLSearchParams({ q, state, page: String(to) }).toString()}`;
    res.render('admin/partners', {
      q,
      state,
      states: STATES,
      total: partners.length,
      count: found.length,
      from: (at - 1) * PAGE_LENGTH + 1,
      apps,
      partners: found.slice((at - 1) * PAGE_LENGTH, at * PAGE_LENGTH),
      previous: at > 1 ? link(at - 1) : null,
      next: at < pages ? link(at + 1) : null,
      partnerPath,
      editing: await checkEditing(deps, accessIn(res)),
      notice: savedNotice(res),
    });
  };
}

function readFilter(query: Record<string, unknown>): {
  q: string;
  state: (typeof STATES)[number];
  page: number;
} {
  const { q = '', state = 'all', page = '1' } = query;
  if (typeof q !== 'string' || typeof page !== 'string') throw malformed();
  return {
    q: q.trim().slice(0, 200),
    state: STATES.find((one) => one === state) ?? 'all',
    page: /^[1-9]\d{0,5}$/.test(page) ? Number(page) : 1,
  };
}

function isIn({ enabled }: Partner, state: (typeof STATES)[number]): boolean {
  return state === 'all' || enabled === (state === 'enabled');
}

function matches({ id, name, domains }: Partner, text: string): boolean {
  const wanted = text.toLowerCase();
  return [name, id, ...domains].some((words) => words.toLowerCase().includes(wanted));
}
