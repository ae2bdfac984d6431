import { join } from 'node:path';
import express from 'express';
import { readAssets } from '../../src/assets.js';
import { loadLanguages, nameOfLanguage } from '../../src/language.js';

// What `GET /` is compared with: Express and EJS alone. They render the same views with the same texts, looked up by the
// same i18next, and send the same bytes, except that its tokens are fixed. Nothing else is done: no log line, no
// security headers, no cookie, no choice of the language.

const app = express();
app.enable('view cache');
app.set('view engine', 'ejs');
app.set('views', join(process.cwd(), 'views'));

const languages = loadLanguages(join(process.cwd(), 'locales'));
const t = languages.translate('en');
const organization = 'Contoso';
const locals = {
  asset: readAssets().addressOf,
  language: 'en',
  locale: 'en-GB',
  direction: 'ltr',
  t,
  portal: { organization, contact: 'partners@contoso.com' },
  languages: languages.available.map((code) => ({ code, name: nameOfLanguage(code) })),
  languageToken: () => process.env.LANGUAGE_TOKEN,
  here: () => '/',
  formPath: '',
  notice: null,
  values: { email: '', firstName: '', lastName: '', company: '', reason: '', terms: '' },
  faults: [],
  suggestion: null,
  welcome: { text: t('form.welcome', { organization }), mark: null, note: null },
  tenantOffered: false,
  begun: process.env.BEGUN,
  csrfToken: () => process.env.CSRF_TOKEN,
};

app.get('/', (_req, res) => {
  res.render('signUpAddress', locals);
});
app.get('/readyz', (_req, res) => {
  res.end();
});
app.listen(Number(process.env.PORT), '127.0.0.1');
process.once('SIGTERM', () => process.exit(0));
