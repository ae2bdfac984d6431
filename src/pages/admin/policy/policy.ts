import type { RequestHandler, Response } from 'express';
import type { Deps } from '../../../deps.js';
import { accessIn } from '../../../http/guard.js';
import type { PolicyFault } from '../../../policy/policyFault.js';
import { latestPolicyVersion } from '../../../store/policyVersions.js';
import { namesOf } from '../../../store/persons.js';

/** What stands in the editor; `base` is the hash of the file that it was made from, `terms` new terms that go with it. */
export type EditorContents = { text: string; base: string; faults: PolicyFault[]; terms?: string };

/** GET /admin/policy */
export function showPolicy(deps: Deps): RequestHandler {
  return async (req, res) => {
    await deps.policy.reload();
    // A file that was refused is shown as it is: it is to be mended, not to be overwritten unseen.
    const { text, hash } = deps.policy.newest() ?? deps.policy.current();
    const saved = req.query.saved === 'yes';
    await showEditor(deps, res, { text, base: hash, faults: deps.policy.faults() }, { saved, status: 200 });
  };
}

/** Shows the policy's text for editing, with its faults beside it: 422 when there are any, unless told otherwise. */
export async function showEditor(
  deps: Deps,
  res: Response,
  contents: EditorContents,
  { saved = false, status = contents.faults.length > 0 ? 422 : 200 } = {},
): Promise<void> {
  const writable = await deps.policy.writable();
  const current = deps.policy.current();
  const latest = await latestPolicyVersion(deps.store.db);
  const names = await namesOf(deps.store.db, latest ? [latest.author] : []);
  res.status(status).render('admin/policy', {
    ...contents,
    newTerms: contents.terms,
    saved,
    refused: deps.policy.faults().length > 0,
    readOnly: writable.ok ? null : writable.why,
    mayWrite: accessIn(res).rights.has('policy.write'),
    current,
    latest: latest && { ...latest, name: names.get(latest.author) ?? latest.author },
  });
}
