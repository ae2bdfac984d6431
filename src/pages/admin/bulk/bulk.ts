import type { RequestHandler, Response } from 'express';
import { personKey } from '../../../access/access.js';
import { LONGEST_MESSAGE } from '../../../bulk/message.js';
import { previewSheet } from '../../../bulk/preview.js';
import { MOST_ROWS } from '../../../bulk/readSheet.js';
import { MOST_BYTES, type SheetFault } from '../../../bulk/sheetText.js';
import { DIALECTS, templateOf } from '../../../bulk/template.js';
import type { Deps } from '../../../deps.js';
import { malformed, notFound } from '../../../errors.js';
import { GraphFault } from '../../../graph/graphFault.js';
import { accessIn } from '../../../http/guard.js';
import type { UploadedFile } from '../../../http/upload.js';
import { partnerChoices } from '../../../requests/list/list.js';
import { namesOf } from '../../../store/persons.js';
import { listRuns } from '../../../store/runs.js';
import type { RunChoice } from '../../../store/schema.js';

type Body = Record<string, string | UploadedFile> | undefined;

/** What somebody chose and pasted. A browser gives no file twice. */
type Typed = { rows: string; choice: RunChoice };

/** Why a file cannot be previewed; `directory` when Graph does not answer. */
type Fault =
  SheetFault | { code: 'noFile' | 'both' | 'directory' | 'message'; line?: number; column?: number };

const NOTHING: Typed = { rows: '', choice: { grants: 'policy', partner: null, mail: true, message: '' } };
const RUNS_SHOWN = 10;

/** GET /admin/bulk: the form, and what was begun before. */
export function showBulk(deps: Deps): RequestHandler {
  return async (_req, res) => {
    await showForm(deps, res, NOTHING, null);
  };
}

/** POST /admin/bulk: previews a file, or pasted rows; nobody is invited yet. */
export function previewFile(deps: Deps): RequestHandler<object, unknown, Body> {
  return async (req, res) => {
    const { file, ...texts } = req.body ?? {};
    const typed = readTyped(deps, texts);
    const upload = uploadOf(file, typed.rows);
    if (typed.choice.message.length > LONGEST_MESSAGE) await showForm(deps, res, typed, { code: 'message' });
    else if (typeof upload === 'string') await showForm(deps, res, typed, { code: upload });
    else {
      const { bytes, name } = upload;
      const by = personKey(accessIn(res).person);
      const preview = await previewSheet(deps, { bytes, name, choice: typed.choice, by }).catch(
        (error: unknown) => {
          if (!(error instanceof GraphFault)) throw error;
          return { ok: false as const, fault: { code: 'directory' as const } };
        },
      );
      if (preview.ok) res.redirect(303, `/admin/runs/${preview.runId}`);
      else await showForm(deps, res, typed, preview.fault);
    }
  };
}

/** GET /admin/bulk/:template */
export const downloadTemplate: RequestHandler<{ template: string }> = (req, res) => {
  const dialect = DIALECTS.find((one) => req.params.template === `${one}.csv`);
  if (!dialect) throw notFound();
  res.attachment(`invitations-${dialect}.csv`).type('text/csv').send(templateOf(dialect));
};

async function showForm(deps: Deps, res: Response, typed: Typed, fault: Fault | null): Promise<void> {
  const { db } = deps.store;
  const runs = await listRuns(db, RUNS_SHOWN);
  const names = await namesOf(db, [...new Set(runs.map(({ created_by }) => created_by))]);
  res.status(fault ? 422 : 200).render('admin/bulk', {
    ...typed,
    fault,
    runs,
    nameOfStarter: (by: string) => names.get(by) ?? by,
    partners: partnerChoices(deps.policy.current().policy, 'all') ?? [],
    unlisted: deps.policy.current().policy.document.unlisted,
    mostRows: new Intl.NumberFormat(res.locals.locale).format(MOST_ROWS),
    mostMegabytes: MOST_BYTES / 1_000_000,
    longestMessage: LONGEST_MESSAGE,
    mailer: deps.mailer !== null,
  });
}

/** @throws {PublicError} `malformed` for what the form cannot send */
function readTyped({ policy }: Deps, fields: Record<string, string | UploadedFile>): Typed {
  const { rows = '', grants = 'policy', partner = '', mail, message = '' } = fields;
  if (typeof rows !== 'string' || typeof message !== 'string' || typeof partner !== 'string')
    throw malformed();
  if (grants !== 'policy' && grants !== 'file') throw malformed();
  if (partner !== '' && !policy.current().policy.partner(partner)) throw malformed();
  const choice = {
    grants,
    partner: partner === '' ? null : partner,
    mail: mail === 'yes',
    message: message.replaceAll('\r\n', '\n').trim(),
  } as const;
  return { rows, choice };
}

/** What is brought: a file, or pasted rows; the code of a fault for neither, and for both. */
function uploadOf(file: string | UploadedFile | undefined, rows: string): UploadedFile | 'noFile' | 'both' {
  const isPasted = rows.trim() !== '';
  // A browser sends a file without a name where none was chosen.
  if (file !== undefined && typeof file !== 'string' && file.name !== '') {
    return isPasted ? 'both' : { bytes: file.bytes, name: shortName(file.name) };
  }
  return isPasted ? { bytes: Buffer.from(rows), name: '' } : 'noFile';
}

function shortName(name: string): string {
  return Array.from(name.replaceAll(/[\p{Cc}\p{Cf}\p{Cs}]/gu, ''))
    .slice(-100)
    .join('');
}
