import { policyJsonSchema } from '../../../policy/schema.js';

/** A member of the policy: where it stands, as `partners[].limits.perDay`, what it may be, and what it means, in English. */
export type SchemaMember = { path: string; values: string; meaning: string; required: boolean };

type Schema = {
  type?: string;
  enum?: unknown[];
  const?: unknown;
  default?: unknown;
  description?: string;
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  anyOf?: Schema[];
  additionalProperties?: Schema | boolean;
};

let members: SchemaMember[] | undefined;

/** Every member that a policy may have, in the order of the schema. */
export function schemaReference(): SchemaMember[] {
  members ??= membersBelow(policyJsonSchema());
  return members;
}

function membersBelow(schema: Schema, above = ''): SchemaMember[] {
  const { properties = {}, required = [], items, additionalProperties } = schema;
  return [
    ...Object.entries(properties).flatMap(([name, member]) => {
      const path = above === '' ? name : `${above}.${name}`;
      return [
        {
          path,
          values: valuesOf(member),
          meaning: member.description ?? '',
          required: required.includes(name) && member.default === undefined,
        },
        ...membersBelow(member, path),
      ];
    }),
    ...(items ? membersBelow(items, `${above}[]`) : []),
    ...(typeof additionalProperties === 'object' ? membersBelow(additionalProperties, `${above}.*`) : []),
  ];
}

/** What a member may be, as it is written in JSON; the default first. */
function valuesOf(schema: Schema): string {
  const { type = '', enum: choices, const: only, default: otherwise, items, anyOf } = schema;
  if (only !== undefined) return JSON.stringify(only);
  if (anyOf) return anyOf.map(valuesOf).join(' | ');
  if (choices) {
    const others = choices.filter((choice) => choice !== otherwise);
    return [...(otherwise === undefined ? [] : [otherwise]), ...others]
      .map((choice) => JSON.stringify(choice))
      .join(' | ');
  }
  const shown = type === 'array' ? `${items?.type ?? ''}[]` : type;
  const isPlain = otherwise !== undefined && typeof otherwise !== 'object';
  return isPlain ? `${shown} (${JSON.stringify(otherwise)})` : shown;
}
