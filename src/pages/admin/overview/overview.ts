import type { RequestHandler } from 'express';
import { z } from 'zod';
import type { Deps } from '../../../deps.js';
import { malformed } from '../../../errors.js';
import { countFound } from '../../../doctor/describeFinding.js';
import { accessIn } from '../../../http/guard.js';
import { formatFault } from '../../../policyFile/faultTexts.js';
import { overview } from '../../../requests/list/overview.js';
import { OUTCOMES } from '../../../requests/list/signUpFigures.js';
import { ageOf } from '../age.js';
import { hasChart, signUpChart } from './signUpChart.js';

const querySchema = z.object({
  partner: z
    .string()
    .max(64)
    .regex(/^\P{Cc}*$/u)
    .default(''),
});

/** GET /admin */
export function showOverview(deps: Deps): RequestHandler {
  return async (req, res) => {
    const query = querySchema.safeParse(req.query);
    if (!query.success) throw malformed();
    const { partner } = query.data;
    const figures = await overview(deps, accessIn(res), partner === '' ? undefined : partner);
    const { locale } = res.locals;
    const day = new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'short', timeZone: 'UTC' });
    const number = new Intl.NumberFormat(locale);
    res.render('admin/overview', {
      ...figures,
      policyFaults: figures.policy?.faults.map((fault) => formatFault(res.locals.t, fault)),
      found: figures.examination && countFound(res.locals, figures.examination),
      partner,
      outcomes: OUTCOMES,
      chart: hasChart(figures.signUps.days) ? signUpChart(figures.signUps.days) : null,
      dayName: (text: string) => day.format(new Date(text)),
      number: (value: number) => number.format(value),
      age: (moment: Date) => ageOf(moment, locale),
    });
  };
}
