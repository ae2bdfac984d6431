import type { RequestHandler } from 'express';
import { lineDiff } from '../../../administration/lineDiff.js';
import type { Deps } from '../../../deps.js';
import { notFound } from '../../../errors.js';
import { accessIn } from '../../../http/guard.js';
import type { Translate } from '../../../language.js';
import { policyChanges } from '../../../policy/changes.js';
import { parsedJson } from '../../../policy/rawJson.js';
import { namesOf } from '../../../store/persons.js';
import {
  findPolicyVersion,
  findPolicyVersionBefore,
  latestPolicyVersion,
  listPolicyVersions,
} from '../../../store/policyVersions.js';
import { changesForPeople } from './policyWords.js';

const PAGE = 50;

/** GET /admin/policy/versions */
export function showVersions({ store, policy }: Deps): RequestHandler {
  return async (req, res) => {
    const { page: wanted } = req.query;
    const page = typeof wanted === 'string' && /^[1-9]\d{0,5}$/.test(wanted) ? Number(wanted) : 1;
    const found = await listPolicyVersions(store.db, PAGE + 1, (page - 1) * PAGE);
    const versions = found.slice(0, PAGE);
    const names = await namesOf(
      store.db,
      versions.map(({ author }) => author),
    );
    res.render('admin/policyVersions', {
      versions: versions.map((version) => ({
        ...version,
        name: names.get(version.author) ?? version.author,
      })),
      inForce: policy.current().hash,
      page,
      more: found.length > PAGE,
      saved: req.query.saved === 'yes',
    });
  };
}

/** GET /admin/policy/versions/:id */
export function showVersion(deps: Deps): RequestHandler<{ id: string }> {
  return async (req, res) => {
    const { id } = req.params;
    const { db } = deps.store;
    const version = /^\d{1,18}$/.test(id) ? await findPolicyVersion(db, id) : undefined;
    if (!version) throw notFound();
    const before = await findPolicyVersionBefore(db, version);
    const latest = await latestPolicyVersion(db);
    const names = await namesOf(db, [version.author]);
    const writable = await deps.policy.writable();
    const current = deps.policy.current();
    res.render('admin/policyVersion', {
      version: { ...version, name: names.get(version.author) ?? version.author },
      before: before && { id: before.id, ...difference(before, version, res.locals.t) },
      now:
        latest?.id === version.id
          ? null
          : difference(version, { text: current.text, terms: current.terms?.text ?? null }, res.locals.t),
      base: (deps.policy.newest() ?? current).hash,
      readOnly: writable.ok ? null : writable.why,
      mayWrite: accessIn(res).rights.has('policy.write'),
    });
  };
}

type Texts = { text: string; terms: string | null };

function difference(one: Texts, other: Texts, t: Translate) {
  return {
    ...changesForPeople(policyChanges(parsedJson(one.text), parsedJson(other.text)), t),
    lines: lineDiff(one.text, other.text),
    terms: one.terms === other.terms ? null : { lines: lineDiff(one.terms ?? '', other.terms ?? '') },
  };
}
