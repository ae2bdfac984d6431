import type { RequestHandler } from 'express';

/** A partial of `views/partials`, and each state that it can be in with the data that makes it. */
type Component = { partial: string; states: { name: string; data: object }[] };

const TONES = ['info', 'good', 'wait', 'bad', 'neutral'] as const;
const action = { href: '#main', text: 'What to do about it' };
const link = { href: '#main', current: null, count: null };
const menu = {
  label: 'Example',
  sections: [
    {
      title: 'Work',
      links: [
        { ...link, text: 'Overview', current: 'page' },
        { ...link, text: 'Requests', count: { figure: 18, words: '18 waiting' } },
      ],
    },
    { title: 'Watch', links: [{ ...link, text: 'A page with a name that is rather long' }] },
  ],
};

/** In English alone, since only those who build the portal see it. A new component is one entry. */
const COMPONENTS: Component[] = [
  {
    partial: 'callout',
    states: [
      ...TONES.map((tone) => ({
        name: tone,
        data: { callout: { tone, title: 'What it is about', text: 'What there is to know.' } },
      })),
      { name: 'a sentence', data: { callout: { tone: 'good', text: 'Everything is in place.' } } },
      {
        name: 'everything',
        data: {
          callout: {
            tone: 'bad',
            title: 'The newest policy file has 2 faults',
            text: 'The last good one is still in force.',
            more: 'Correct the file.',
            items: ['partners.0.domains must name at least one domain', 'unlisted must be review or deny'],
            at: new Date('2026-05-01T12:00:00Z'),
            action,
          },
        },
      },
    ],
  },
  {
    partial: 'empty',
    states: [
      { name: 'a title', data: { empty: { title: 'Nothing has happened yet.' } } },
      {
        name: 'everything',
        data: { empty: { title: 'Nothing matches.', text: 'Widen the filters.', action } },
      },
    ],
  },
  {
    partial: 'crumbs',
    states: [
      {
        name: 'two pages up',
        data: {
          label: 'Example',
          crumbs: [
            { href: '#main', text: 'Partners' },
            { href: '#main', text: 'Fabrikam' },
          ],
        },
      },
    ],
  },
  {
    partial: 'menu',
    states: [
      { name: 'rail, on wide screens', data: { ...menu, folded: null } },
      { name: 'folded, on others', data: { ...menu, folded: 'Menu: Overview' } },
    ],
  },
  {
    partial: 'languageSwitch',
    states: [{ name: 'the language of the page', data: {} }],
  },
  {
    partial: 'pill',
    states: TONES.map((tone) => ({ name: tone, data: { tone, text: 'Awaiting approval' } })),
  },
  {
    partial: 'flash',
    states: [
      { name: 'a sentence', data: { text: 'Denied.', link: null } },
      { name: 'with the way on', data: { text: 'Approved.', link: { href: '#main', text: 'Next request' } } },
    ],
  },
  {
    partial: 'errorSummary',
    states: [
      { name: 'a notice', data: { title: 'This page has expired', text: 'Send the form again.', items: [] } },
      {
        name: 'faults',
        data: {
          title: 'Fix 2 things to continue',
          text: null,
          items: [
            { href: '#main', text: 'Enter your work email address' },
            { href: '#main', text: 'Enter your first name' },
          ],
        },
      },
    ],
  },
  {
    partial: 'summaryList',
    states: [
      {
        name: 'one value, several',
        data: {
          rows: [
            { label: 'Name', values: ['Fabrikam'], load: null },
            { label: 'Domains', values: ['fabrikam.com', '*.fabrikam.com'], load: null },
          ],
        },
      },
    ],
  },
  {
    partial: 'timeline',
    states: [
      {
        name: 'an event with details, and one without',
        data: {
          detail: 'Details',
          items: [
            {
              title: 'Approved',
              by: 'Lia',
              at: new Date('2026-05-01T12:00:00Z'),
              detail: [['state', 'queued']],
            },
            { title: 'Submitted', by: 'Partner', at: new Date('2026-05-01T11:00:00Z'), detail: [] },
          ],
        },
      },
    ],
  },
  {
    partial: 'dialog',
    states: [{ name: 'closed: a script opens it', data: { id: 'example', title: null } }],
  },
  {
    partial: 'toolbar',
    states: [
      {
        name: 'with nothing ticked',
        data: {
          id: 'example-toolbar',
          action: '/admin/styleguide',
          dialog: 'example',
          selected: 'Selected:',
          more: 'More',
          actions: [{ value: 'approve', text: 'Approve…', look: 'btn-primary' }],
          others: [{ value: 'hold', text: 'Put on hold…' }],
        },
      },
    ],
  },
  {
    partial: 'icon',
    states: ['mail', 'clock', 'check', 'info', 'warning', 'wrong', 'stop', 'work'].map((name) => ({
      name,
      data: { name },
    })),
  },
];

/** GET /admin/styleguide, in development alone: every component of the pages in every state. */
export const showStyleGuide: RequestHandler = (_req, res) => {
  res.render('admin/styleguide', { components: COMPONENTS });
};
