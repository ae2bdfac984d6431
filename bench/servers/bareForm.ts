import { join } from 'node:path';
import express from 'express';
import { readAssets } from '../../src/assets.js';
import { loadLanguages } from '../../src/language.js';

// What `GET /` is compared with: Express and EJS alone. They render the same views with the same texts, looked up by the
// same i18next, and send the same bytes, except that the two tokens of the form are fixed. Nothing else is done: no log line, no
// security headers, no cookie, no choice of the language.

const app = express();
app.enable('view cache');
app.set('view engine', 'ejs');
app.set('views', join(process.cwd(), 'views'));

const locals = {
  asset: readAssets().addressOf,
  language: 'en',
  t: loadLanguages(join(process.cwd(), 'locales')).translate('en'),
  portal: { organization: 'Contoso', contact: 'partners@contoso.com' },
  values: { email: '', firstName: '', lastName: '', company: '', reason: '', terms: '' },
  faults: [],
  suggestion: null,
  terms: null,
  tenantOffered: false,
  formPath: '',
  begun: process.env.BEGUN,
  csrfToken: () => process.env.CSRF_TOKEN,
};

app.get('/', (_req, res) => {
  res.render('signUp', locals);
});
app.get('/readyz', (_req, res) => {
  res.end();
});
app.listen(Number(process.env.PORT), '127.0.0.1');
process.once('SIGTERM', () => process.exit(0));
