import type { Response } from 'express';
import { draftPolicy } from '../../../administration/draftPolicy.js';
import type { Deps } from '../../../deps.js';
import type { PolicyEdit } from '../../../policy/editText.js';
import type { PolicyFault } from '../../../policy/policyFault.js';
import { showProposal } from '../policy/policyPreview.js';
import { fieldOfFault, type Fields } from './fields.js';
import type { TypedForm } from './typedForm.js';
import { writtenPolicy, type WrittenPolicy } from './writtenPolicy.js';

/** What is wrong with a form: words of the policy's own check, and the field that they are about, if it is one. */
export type FormFault = { field: string | null; message: string };

type Proposed = {
  edits: PolicyEdit[];
  terms?: string;
  /** The page that follows when the change is saved, or discarded. */
  back: string;
  /** The form as it was filled in. */
  form: TypedForm;
  /** Shows the form again: with what is wrong (422), or because it changes nothing. */
  again: (outcome: { status: 422; faults: PolicyFault[] } | { status: 200 }) => Promise<void>;
};

/** Leads from a form to the preview of what it changes, where it is saved. */
export async function propose(
  deps: Deps,
  res: Response,
  { edits, terms, back, form, again }: Proposed,
): Promise<void> {
  const proposal = { base: deps.policy.current().hash, edits, ...(terms !== undefined && { terms }) };
  if (edits.length === 0 && terms === undefined) {
    await again({ status: 200 });
    return;
  }
  const draft = await draftPolicy(deps, proposal);
  const { reading, differs } = draft;
  if (reading.kind === 'refused') await again({ status: 422, faults: reading.faults });
  else if (!differs) await again({ status: 200 });
  else await showProposal(deps, res, proposal, { back, form }, { draft });
}

/**
 * Turns the faults of a policy into those of a form.
 *
 * @param object path of the object that the form is about, such as `partners[2]`
 * @param otherwise the field for faults of the object as a whole
 */
export function formFaults<Name extends string>(
  deps: Deps,
  faults: PolicyFault[],
  { fields, object, otherwise = null }: { fields: Fields<Name>; object: string; otherwise?: string | null },
): FormFault[] {
  const written = writtenPolicy(deps.policy.current());
  return faults.map(({ path, message, cause = '' }) => {
    const words = namedPlaces(message, written);
    const field = fieldOfFault(fields, object, path) ?? (path === object ? otherwise : null);
    const within =
      object !== '' &&
      (path === object || (/^[.[]/.test(path.slice(object.length)) && path.startsWith(object)));
    if (field !== null || within) return { field, message: words };
    // Another's fault, because of what was typed here: "partners[5].domains[0]: x is already listed at partners[2].domains[1]".
    return { field: fieldOfFault(fields, object, cause), message: `${namedPlaces(path, written)}: ${words}` };
  });
}

/** Names partners instead of counting them. */
function namedPlaces(text: string, { partners }: WrittenPolicy): string {
  return text.replace(/partners\[(\d+)\][\w.[\]]*/g, (place, index: string) => {
    const name = partners[Number(index)]?.name;
    return typeof name === 'string' ? `“${name}”` : place;
  });
}
