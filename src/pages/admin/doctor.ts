import type { RequestHandler, Response } from 'express';
import type { Deps } from '../../deps.js';
import type { Examination } from '../../doctor/doctor.js';
import { LEVELS, type Finding, type Level } from '../../doctor/finding.js';
import { describeFinding } from '../../doctor/describeFinding.js';
import type { Translate } from '../../language.js';

/** GET /admin/doctor: the page at once, with findings that are not a minute old; the page fetches others itself. */
export function showDoctor({ doctor }: Deps): RequestHandler {
  return function show(_req, res) {
    res.render('admin/doctor', viewOf(res, doctor.recent()));
  };
}

/** GET /admin/doctor/findings: a part of the page. Examines, unless there are findings that are not a minute old. */
export function showFindings({ doctor }: Deps): RequestHandler {
  return async function show(req, res) {
    const examination = doctor.recent() ?? (await doctor.examine());
    if (req.get('HX-Request'))
      res.render('admin/doctorFindings', { ...viewOf(res, examination), isPart: true });
    else res.redirect(303, '/admin/doctor');
  };
}

/** POST /admin/doctor: examines again. */
export function checkNow({ doctor }: Deps): RequestHandler {
  return async function check(req, res) {
    const examination = await doctor.examine();
    if (req.get('HX-Request'))
      res.render('admin/doctorFindings', { ...viewOf(res, examination), isPart: true });
    else res.redirect(303, '/admin/doctor');
  };
}

function viewOf(res: Response, examination: Examination | null) {
  const { t } = res.locals;
  const findings = examination?.findings ?? [];
  const groups = LEVELS.map((level) => ({
    level,
    findings: findings
      .filter((finding) => finding.level === level)
      .map((finding) => describeFinding(t, finding)),
  })).filter((group) => group.findings.length > 0);
  return { examination: examination && { at: examination.at, groups }, summary: summaryOf(t, findings) };
}

/** Such as "1 problem, 2 warnings"; the title of the page before anything was found. */
function summaryOf(t: Translate, findings: Finding[]): string {
  if (findings.length === 0) return t('doctor.title');
  const count = (level: Level) => findings.filter((finding) => finding.level === level).length;
  const [bad, warnings] = [count('bad'), count('warning')];
  const parts = [
    ...(bad > 0 ? [t('doctor.summary.bad', { count: bad })] : []),
    ...(warnings > 0 ? [t('doctor.summary.warning', { count: warnings })] : []),
  ];
  return parts.length > 0 ? parts.join(', ') : t('doctor.summary.good');
}
