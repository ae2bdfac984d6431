import type { RequestHandler, Response } from 'express';
import { findLatestVersion } from '../../../administration/policyVersions.js';
import type { Deps } from '../../../deps.js';
import { accessIn } from '../../../http/guard.js';
import type { PolicyFault } from '../../../policy/policyFault.js';
import type { WrittenTexts } from '../../../policy/texts.js';
import { schemaReference } from './schemaReference.js';
import { fieldsOfTerms } from './sentProposal.js';
import { describeFaults } from '../../../policyFile/faultTexts.js';

/** What the editor holds; `base` is the hash of the file that it was made from, `terms` new terms that go with it. */
type EditorContents = { text: string; base: string; faults: PolicyFault[]; terms?: WrittenTexts };

/** GET /admin/policy */
export function showPolicy(deps: Deps): RequestHandler {
  return async (req, res) => {
    await deps.policy.reload();
    // A file that was refused is shown as it is, so that it is mended and not overwritten unseen.
    const { text, hash } = deps.policy.newest() ?? deps.policy.current();
    const saved = req.query.saved === 'yes';
    await showEditor(
      deps,
      res,
      { text, base: hash, faults: deps.policy.faults() },
      {
        saved,
        isSent: false,
        status: 200,
      },
    );
  };
}

/** Shows the policy's text for editing, with its faults beside it: 422 when there are any, unless told otherwise. */
export async function showEditor(
  deps: Deps,
  res: Response,
  contents: EditorContents,
  { saved = false, isSent = true, status = contents.faults.length > 0 ? 422 : 200 } = {},
): Promise<void> {
  const writable = await deps.policy.writable();
  res.status(status).render('admin/policy', {
    ...contents,
    // The text of a refused file is as it stands on disk; what was sent is not saved yet.
    isUnsaved: isSent,
    members: schemaReference(),
    faults: describeFaults(res.locals.t, contents.faults),
    faultCount: status === 422 ? contents.faults.length : 0,
    newTerms: fieldsOfTerms(contents.terms),
    saved,
    refused: deps.policy.faults().length > 0,
    readOnly: writable.ok ? null : writable.why,
    mayWrite: accessIn(res).rights.has('policy.write'),
    current: deps.policy.current(),
    latest: await findLatestVersion(deps),
  });
}
