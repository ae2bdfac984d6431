import type { Response } from 'express';
import {
  changePolicy,
  type ChangeOutcome,
  type ObjectChange,
  type ObjectConflict,
  checkEditing,
  findObject,
  isInside,
  writtenPolicy,
  type PolicyObject,
} from '../../../administration/changePolicy.js';
import type { Deps } from '../../../deps.js';
import { accessIn } from '../../../http/guard.js';
import type { Translate } from '../../../language.js';
import { faultText } from '../../../policyFile/faultTexts.js';
import { renderPreview } from '../policy/policyViews.js';
import {
  changesOf,
  differingFields,
  fieldOfFault,
  newObject,
  showForm,
  showTexts,
  texts,
  type Fields,
  type FormValue,
  type FormValues,
} from './fields.js';
import { idsIn, namesPath, summaryRow } from './fieldView.js';

/** A page with the form of one object of the policy. `Locals` is what its view needs besides what every form has. */
export type FormPage<Name extends string, Locals extends object = object> = {
  view: string;
  /** The form's own path. */
  path: string;
  /** The page that follows when the change is saved. */
  back: string;
  object: PolicyObject;
  isNew: boolean;
  /** In the order of the form, in which their faults are listed. */
  fields: Fields<Name>;
  /** The order of the form where it has further fields between those of the object. */
  order?: readonly string[];
  /** The field for faults of the object as a whole. */
  otherwise?: string;
  /** What is typed besides the fields of the object, such as the key of a new app. */
  besides?: Record<string, FormValue>;
  /** The terms of use, where the form has them. */
  terms?: NonNullable<ObjectChange['terms']>;
  /** @param base the policy that the form was made from, where it is not the one in force */
  locals: (base?: string) => Locals | Promise<Locals>;
};

/** What to do, as a sentence, and the field to mend, if it is one. */
type FormFault = { field: string | null; message: string };

/** The object is gone, or these fields differ from what was typed. */
type FormConflict = { gone: boolean; differences: { name: string; now: FormValue; typed: FormValue }[] };

/** How a form is shown: with the policy in force, unless told otherwise. */
type FormState<Name extends string, Locals> = {
  status?: number;
  values?: FormValues<Name> | undefined;
  /** SHA-256 of the policy that the form stays made from. */
  base?: string;
  faults?: FormFault[];
  /** `unchanged`: the policy holds already what was sent; `used`: it cannot be removed. */
  notice?: 'unchanged' | 'used';
  conflict?: FormConflict;
  locals?: Partial<Locals>;
};

export async function renderForm<Name extends string, Locals extends object>(
  deps: Deps,
  res: Response,
  page: FormPage<Name, Locals>,
  state: FormState<Name, Locals> = {},
): Promise<void> {
  const { faults = [] } = state;
  const current = deps.policy.current();
  const written = page.isNew ? undefined : findObject(writtenPolicy(current), page.object).value;
  res.status(state.status ?? 200).render(page.view, {
    path: page.path,
    isNew: page.isNew,
    values: state.values ?? showForm(page.fields, written),
    faults,
    faultCount: faults.length,
    faultsAt: (name: string) => faults.filter(({ field }) => field === name),
    notice: state.notice ?? savedNotice(res),
    conflict: state.conflict ?? null,
    base: state.base ?? current.hash,
    editing: await checkEditing(deps, accessIn(res)),
    // Leaving the page would lose what is typed.
    isUnsaved: state.values !== undefined,
    summaryRow,
    idsIn,
    namesPath,
    ...(await page.locals(state.base)),
    ...state.locals,
  });
}

/** A form that was sent with its values, or by a button that makes one edit of its object. */
export type SentForm<Name extends string> = { base: string } & (
  | { values: FormValues<Name> }
  | { button: { name: string; back: string; edit: ReturnType<ObjectChange['edit']>[number] } }
);

/** Shows the preview of a change, or the form again with what stands in the way of it. */
export async function submitForm<Name extends string, Locals extends object>(
  deps: Deps,
  res: Response,
  page: FormPage<Name, Locals>,
  sent: SentForm<Name>,
): Promise<void> {
  const { object, isNew, terms } = page;
  const base = isNew ? null : sent.base;
  const edit = editOf(page, sent);
  const outcome = await changePolicy(deps, accessIn(res), { object, base, edit, ...(terms && { terms }) });
  const values = 'values' in sent ? sent.values : undefined;
  switch (outcome.kind) {
    case 'unchanged':
      return renderForm(deps, res, page, { notice: 'unchanged' });
    case 'faulty': {
      const faults = faultsOf(page, outcome, res.locals.t);
      return renderForm(deps, res, page, { status: 422, values, base: sent.base, faults });
    }
    case 'conflict': {
      const merged = values && mergedValues(page.fields, values, outcome.conflict);
      const conflict = conflictOf(page, merged, outcome.conflict);
      return renderForm(deps, res, page, { status: 409, values: merged, conflict });
    }
    case 'proposal': {
      const { proposal, preview } = outcome;
      renderPreview(res, preview, { proposal, ...originOf(page, sent) });
    }
  }
}

function editOf<Name extends string>(
  { isNew, fields }: FormPage<Name>,
  sent: SentForm<Name>,
): ObjectChange['edit'] {
  if ('button' in sent) return () => [sent.button.edit];
  if (isNew) return () => [{ path: [], value: newObject(fields, sent.values) }];
  return (written) => changesOf(fields, written, sent.values);
}

/** What goes along with a proposal, so that the form can be returned to. */
function originOf<Name extends string>({ path, back, besides }: FormPage<Name>, sent: SentForm<Name>) {
  return 'button' in sent
    ? { back: sent.button.back, form: { path: `${path}/${sent.button.name}`, values: {} } }
    : { back, form: { path, values: { ...sent.values, ...besides } } };
}

function faultsOf<Name extends string>(
  { fields, order = Object.keys(fields), otherwise, terms }: FormPage<Name>,
  { at, faults }: ChangeOutcome & { kind: 'faulty' },
  t: Translate,
): FormFault[] {
  const known: Fields<string> = terms ? { ...fields, terms: texts(['terms']) } : fields;
  const inOrder = [...faults].sort((one, other) =>
    one.path.localeCompare(other.path, 'en', { numeric: true }),
  );
  const found = inOrder.map((fault): FormFault => {
    const { path, cause = '', place } = fault;
    const message = faultText(t, fault);
    const field = fieldOfFault(known, at, path) ?? (path === at ? (otherwise ?? null) : null);
    if (field !== null || (at !== '' && isInside(at, path))) return { field, message };
    // Another object's fault because of this one, or one of the whole file.
    const elsewhere = place === '' ? message : `${place}: ${message}`;
    return { field: fieldOfFault(known, at, cause), message: elsewhere };
  });
  // A fault without a field comes last.
  const rank = ({ field }: FormFault) => (field === null ? order.length : order.indexOf(field));
  return found.sort((one, other) => rank(one) - rank(other));
}

/** What was typed, and for fields that the person left alone what others have made of them meanwhile. */
function mergedValues<Name extends string>(
  fields: Fields<Name>,
  values: FormValues<Name>,
  { object }: ObjectConflict,
): FormValues<Name> {
  if (!object?.before || object.now === undefined) return values;
  const touched = new Set(differingFields(fields, object.before.value, values));
  const now = showForm(fields, object.now);
  const names = Object.keys(fields) as Name[];
  return Object.fromEntries(
    names.map((name) => [name, touched.has(name) ? values[name] : now[name]]),
  ) as FormValues<Name>;
}

function conflictOf<Name extends string>(
  { fields, terms }: FormPage<Name>,
  values: FormValues<Name> | undefined,
  conflict: ObjectConflict,
): FormConflict {
  const { object } = conflict;
  const now = showForm(fields, object?.now);
  const differences: FormConflict['differences'] =
    object && values
      ? differingFields(fields, object.now, values).map((name) => ({
          name,
          now: now[name],
          typed: values[name],
        }))
      : [];
  if (conflict.terms && terms)
    differences.push({
      name: 'terms',
      now: showTexts(conflict.terms.now),
      typed: showTexts(terms.texts),
    });
  return { gone: object !== null && object.now === undefined, differences };
}

/** Says that something was saved, to a person whom the saving has led back here. */
export function savedNotice({ req }: Response): 'saved' | null {
  return req.method === 'GET' && req.query.saved === 'yes' ? 'saved' : null;
}
