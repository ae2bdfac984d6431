import type { Request, Response } from 'express';
import type { Deps } from '../../../deps.js';
import { policyReadOnly } from '../../../errors.js';
import type { PolicyEdit } from '../../../policy/editText.js';
import { childPath } from '../../../policy/jsonWalk.js';
import {
  changesOf,
  newObject,
  same,
  showForm,
  type Fields,
  type FormValue,
  type FormValues,
} from './fields.js';
import { formFaults, propose, type FormFault } from './propose.js';
import { readTyped, type TypedForm } from './typedForm.js';
import { editing, since, writtenPolicy, type WrittenPolicy } from './writtenPolicy.js';

/** A page with the form of one object of the policy. */
export type FormPage<Name extends string> = {
  view: string;
  /** The form's own path. */
  path: string;
  /** The page that follows when the change is saved. */
  back: string;
  fields: Fields<Name>;
  /** The object as a policy has it; undefined when it is not there, and for a new one. */
  find: (policy: WrittenPolicy) => unknown;
  /** Where the object stands in a policy, or is to stand. */
  at: (policy: WrittenPolicy) => (string | number)[];
  isNew: boolean;
  /** The field for faults of the object as a whole. */
  otherwise?: string;
  /** What the view needs besides. */
  locals: Record<string, unknown>;
};

/** A form that was sent. */
export type Posted<Name extends string> = {
  /** SHA-256 of the policy that the form was made from. */
  base: string;
  values: FormValues<Name>;
  /** What else was typed, such as the key of a new object. */
  besides?: Record<string, string>;
  /** It comes back from the preview, to be changed further. */
  again?: boolean;
};

/** A field that somebody else has changed while the form was open. */
export type Difference = { name: string; now: FormValue; typed: FormValue };

/** How a form is shown: as the policy has it, unless told otherwise. */
export type Shown<Name extends string> = {
  status?: number;
  values?: FormValues<Name>;
  faults?: FormFault[];
  /** `unchanged`: what was sent is what the policy holds already; `saved`: the change is in force. */
  notice?: string;
  /** Somebody else has changed the object, or removed it. */
  conflict?: { gone: boolean; differences: Difference[] };
  [more: string]: unknown;
};

/** Shows the form. */
export async function renderForm<Name extends string>(
  deps: Deps,
  res: Response,
  page: FormPage<Name>,
  { status = 200, ...shown }: Shown<Name> = {},
): Promise<void> {
  const current = deps.policy.current();
  res.status(status).render(page.view, {
    path: page.path,
    isNew: page.isNew,
    values: showForm(page.fields, page.find(writtenPolicy(current))),
    faults: [],
    notice: savedNotice(res),
    conflict: null,
    base: current.hash,
    closed: await editing(deps, res),
    ...page.locals,
    ...shown,
  });
}

/**
 * Leads what was typed to the preview, or shows the form again: it is faulty (422), changes nothing, or was made from an
 * object that somebody else has changed since (409).
 *
 * @throws {PublicError} `policyReadOnly`
 */
export async function submitForm<Name extends string>(
  deps: Deps,
  res: Response,
  page: FormPage<Name>,
  posted: Posted<Name>,
): Promise<void> {
  const { base, values, besides, again } = posted;
  await requireEditable(deps, res);
  if (again) {
    await renderForm(deps, res, page, { values, base });
    return;
  }
  const outdated = page.isNew ? undefined : await conflictOf(deps, page, posted);
  if (outdated) {
    await renderForm(deps, res, page, { status: 409, values, conflict: outdated });
    return;
  }
  const policy = writtenPolicy(deps.policy.current());
  const edits = page.isNew
    ? [{ path: page.at(policy), value: newObject(page.fields, values) }]
    : changeEdits(page, policy, values);
  const typed = { ...values, ...besides };
  await sendOn(deps, res, page, { edits, typed }, ({ status, ...shown }) =>
    renderForm(deps, res, page, { ...(status === 422 && { status, values, base }), ...shown }),
  );
}

/** The changes that make the object what was typed. */
export function changeEdits<Name extends string>(
  { fields, find, at }: FormPage<Name>,
  policy: WrittenPolicy,
  values: FormValues<Name>,
): PolicyEdit[] {
  const changes = changesOf(fields, find(policy), values);
  return changes.map(({ path, value }) => ({ path: [...at(policy), ...path], value }));
}

/** Shows the preview of changes, or lets `again` show the form with what is wrong, or with the note that nothing changes. */
export function sendOn<Name extends string>(
  deps: Deps,
  res: Response,
  page: FormPage<Name>,
  { edits, terms, typed }: { edits: PolicyEdit[]; terms?: string; typed: TypedForm['values'] },
  again: (shown: { status?: 422; faults?: FormFault[]; notice?: string }) => Promise<void>,
): Promise<void> {
  const object = page.at(writtenPolicy(deps.policy.current())).reduce<string>(childPath, '');
  return propose(deps, res, {
    edits,
    ...(terms !== undefined && { terms }),
    back: page.back,
    form: { path: page.path, values: typed },
    again: (outcome) => {
      if (outcome.status === 200) return again({ notice: 'unchanged' });
      const otherwise = page.otherwise ?? null;
      const faults = formFaults(deps, outcome.faults, { fields: page.fields, object, otherwise });
      return again({ status: 422, faults });
    },
  });
}

/** @throws {PublicError} `policyReadOnly` */
export async function requireEditable(deps: Deps, res: Response): Promise<void> {
  // The file may have been changed by hand a moment ago.
  await deps.policy.reload();
  if (!(await editing(deps, res)).ok) throw policyReadOnly();
}

/** Says that something was saved, to those whom the saving has led back here. */
export function savedNotice({ req }: Response): 'saved' | null {
  return req.method === 'GET' && req.query.saved === 'yes' ? 'saved' : null;
}

/** What has changed in the object since the form was shown, if anything has. */
export async function conflictOf<Name extends string>(
  deps: Deps,
  { fields, find }: FormPage<Name>,
  { base, values }: { base: string; values: FormValues<Name> },
): Promise<Shown<Name>['conflict']> {
  const found = await since(deps, base, find);
  if (found.fresh) return undefined;
  const now = showForm(fields, found.now);
  const names = Object.keys(fields) as Name[];
  return {
    gone: found.now === undefined,
    differences: names
      .filter((name) => !same(fields[name].write(now[name]), fields[name].write(values[name])))
      .map((name) => ({ name, now: now[name], typed: values[name] })),
  };
}

/** The fields of a posted form, whatever was sent; those of one that comes back from the preview are unpacked. */
export function bodyOf(req: Request<never> | Request): Record<string, unknown> {
  const body = (req.body as Record<string, unknown> | undefined) ?? {};
  const typed = readTyped(body);
  return typed ? { ...typed.values, base: body.base, again: body.again } : body;
}
