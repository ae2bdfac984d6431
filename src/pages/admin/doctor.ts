import type { RequestHandler, Response } from 'express';
import type { Deps } from '../../deps.js';
import type { Examination } from '../../doctor/doctor.js';
import { LEVELS, type Finding, type Level } from '../../doctor/finding.js';
import { countFound, describeFinding } from '../../doctor/describeFinding.js';

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
  return { examination: examination && { at: examination.at, groups }, summary: summaryOf(res, findings) };
}

/** Such as "1 problem and 2 warnings"; the title of the page before anything was found. */
function summaryOf({ locals }: Response, findings: Finding[]): string {
  if (findings.length === 0) return locals.t('doctor.title');
  const count = (level: Level) => findings.filter((finding) => finding.level === level).length;
  return countFound(locals, { bad: count('bad'), warnings: count('warning') });
}
