import type { Translate } from '../../../language.js';
import type { FormValue } from './fields.js';

/** A field as the views describe it to `partials/formField`. */
export type FieldView = {
  kind: 'line' | 'text' | 'lines' | 'amount' | 'flag' | 'ticks' | 'choice' | 'radios' | 'people';
  name: string;
  label: string;
  value: FormValue;
  options: { value: string; label: string }[];
};

/** A label and its values, for `partials/summaryList`; `load` is where a better list of them is found. */
export type SummaryRow = { label: string; values: string[]; load?: string };

/** What a field holds, for people who may only read it. */
export function summaryRow(field: FieldView, t: Translate): SummaryRow {
  const values = valuesOf(field, t);
  const ids = field.kind === 'people' ? idsIn(field.value) : [];
  return {
    label: field.label,
    values: values.length > 0 ? values : [t('partners.notSet')],
    ...(ids.length > 0 && { load: namesPath(field.name, ids) }),
  };
}

function valuesOf({ kind, value, options }: FieldView, t: Translate): string[] {
  const texts = [value].flat().filter((text) => text !== '');
  switch (kind) {
    case 'flag':
      return [value === '' ? t('policy.no') : t('policy.yes')];
    case 'lines':
    case 'people':
      return texts.flatMap((text) => text.split('\n'));
    case 'ticks':
    case 'choice':
    case 'radios':
      return texts.map((text) => options.find((option) => option.value === text)?.label ?? text);
    default:
      return texts;
  }
}

/** As many ids as one page asks the names of. */
const MOST_IDS = 60;

/** The object ids among what is typed in a field of people, each once. */
export function idsIn(typed: FormValue): string[] {
  const ids =
    String(typed)
      .toLowerCase()
      .match(/\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g) ?? [];
  return [...new Set(ids)].slice(0, MOST_IDS);
}

/** Where the names of the ids in a field are found. */
export function namesPath(field: string, ids: string[]): string {
  const query = new URLSearchParams([['field', field], ...ids.map((id): [string, string] => ['id', id])]);
  return `/admin/pickers/names?${query.toString()}`;
}
