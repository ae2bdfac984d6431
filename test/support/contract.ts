import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import formatsPlugin from 'ajv-formats';
import type { LedgerEntry } from '../../simulator/ledger.js';

// Checks calls and answers against Microsoft's own description of Graph. The description is third-party data that
// stands beside the project and is not part of it: where it is absent, tests say that they were skipped.

type Schema = Record<string, unknown>;
type Content = { content?: Record<string, { schema: Schema }> };
type Described = { parameters?: Schema[]; requestBody?: Content; responses: Record<string, Content> };
type Description = {
  paths: Record<string, Record<string, Described>>;
  components: {
    schemas: Record<string, Schema>;
    parameters: Record<string, Schema>;
    responses: Record<string, Content>;
  };
};

const FOLDER = resolve('../shared/graph');
const OPENAPI = `${FOLDER}/graph-v1-subset.openapi.json`;
const STRICT = `${FOLDER}/graph-v1-subset.jsonschema.json`;
const PREFIX = '/v1.0';
/** The subset leaves these out. */
const NOT_DESCRIBED = '/checkMemberGroups';
const SCHEMA_REF = '#/components/schemas/';

/** Whether the description is there. */
export const hasContract = existsSync(OPENAPI) && existsSync(STRICT);

let loaded: { description: Description; lax: Ajv; strict: Ajv2020 } | undefined;
const validators = new Map<string, ValidateFunction>();

/**
 * Validates one exchange: operation, query, request body, status, answer.
 *
 * @returns every deviation, in words; empty when there is none, and for calls that are not Graph's
 * @throws when the description is absent (see `hasContract`)
 */
export function checkExchange(entry: LedgerEntry): string[] {
  if (!entry.path.startsWith(`${PREFIX}/`) || entry.path.endsWith(NOT_DESCRIBED)) return [];
  const operation = findOperation(entry.method, entry.path.slice(PREFIX.length));
  const name = `${entry.method} ${entry.path}`;
  if (!operation) return [`${name}: Graph has no such operation`];
  return [
    ...checkQuery(entry, operation),
    ...checkRequest(entry, operation),
    ...checkResponse(entry, operation),
  ].map((fault) => `${name}: ${fault}`);
}

function load() {
  if (loaded) return loaded;
  const strict = new Ajv2020({ strict: false, allErrors: true });
  const lax = new Ajv({ strict: false, allErrors: true });
  for (const ajv of [lax, strict]) formatsPlugin.default(ajv);
  strict.addSchema(JSON.parse(readFileSync(STRICT, 'utf8')) as Schema, 'strict');
  loaded = { description: JSON.parse(readFileSync(OPENAPI, 'utf8')) as Description, lax, strict };
  return loaded;
}

/** The operation whose template fits, a literal segment before a parameter. */
function findOperation(method: string, path: string): Described | undefined {
  const { paths } = load().description;
  // An app may be named by its app id in the place of its object id.
  const byId = path.replace(/\(appId='[^']+'\)/, '/id');
  const fitting = Object.keys(paths).filter((template) => patternOf(template).test(byId));
  const [best] = fitting.sort((a, b) => a.split('{').length - b.split('{').length);
  return best === undefined ? undefined : paths[best]?.[method.toLowerCase()];
}

function patternOf(template: string): RegExp {
  return new RegExp(`^${template.replace(/[$().]/g, '\\$&').replace(/\{[^}]+\}/g, '[^/]+')}$`);
}

function checkQuery(entry: LedgerEntry, operation: Described): string[] {
  const known = (operation.parameters ?? []).map((given) => {
    const shared = typeof given.$ref === 'string' ? given.$ref.split('/').at(-1) : undefined;
    return shared === undefined ? given : (load().description.components.parameters[shared] ?? {});
  });
  const names = new Set(known.filter((one) => one.in === 'query').map((one) => one.name));
  return Object.keys(entry.query)
    .filter((name) => name !== '$skiptoken' && !names.has(name))
    .map((name) => `unknown query option ${name}`);
}

function checkRequest(entry: LedgerEntry, operation: Described): string[] {
  const schema = schemaOf(operation.requestBody);
  if (schema)
    return [...validate('request', schema, entry.requestBody), ...checkNames(schema, entry.requestBody)];
  const empty = entry.requestBody === undefined || JSON.stringify(entry.requestBody) === '{}';
  return empty ? [] : ['a body that Graph does not take'];
}

/** The request schemas are open, yet Graph refuses names that it does not know. */
function checkNames(schema: Schema, body: unknown): string[] {
  const reference = typeof schema.$ref === 'string' ? schema.$ref.slice(SCHEMA_REF.length) : '';
  const properties = load().description.components.schemas[reference]?.properties;
  if (typeof properties !== 'object' || properties === null || typeof body !== 'object' || body === null)
    return [];
  return Object.keys(body)
    .filter((name) => !name.includes('@') && !Object.hasOwn(properties, name))
    .map((name) => `request: unknown property ${name}`);
}

function checkResponse(entry: LedgerEntry, operation: Described): string[] {
  if (!entry.processed && typeof entry.responseBody !== 'object') return []; // a fault put something else in its place
  const { responses } = operation;
  const range = `${Math.floor(entry.status / 100)}XX`;
  const described = responses[entry.status] ?? responses[range];
  if (!described) return [`status ${entry.status} is not described`];
  const reference = (described as Schema).$ref;
  const shared = typeof reference === 'string' ? reference.split('/').at(-1) : undefined;
  const schema = schemaOf(shared === undefined ? described : load().description.components.responses[shared]);
  const missing = entry.processed && !entry.responseHeaders['request-id'] ? ['no request-id header'] : [];
  if (!schema)
    return entry.responseBody === undefined ? missing : [...missing, 'a body where none is described'];
  return [...missing, ...validate('answer', schema, entry.responseBody)];
}

function schemaOf(content: Content | undefined): Schema | undefined {
  return content?.content?.['application/json']?.schema;
}

/** Against the description, and against the strict variant that refuses names Microsoft does not define. */
function validate(what: string, schema: Schema, value: unknown): string[] {
  const errors = [...run(laxValidator(schema), value), ...run(strictValidator(schema), value)];
  return errors.map((error) => {
    const extra = error.params.additionalProperty as unknown;
    const name = typeof extra === 'string' ? ` (${extra})` : '';
    return `${what}${error.instancePath}: ${error.message ?? error.keyword}${name}`;
  });
}

function run(validator: ValidateFunction | undefined, value: unknown): ErrorObject[] {
  return !validator || validator(value) ? [] : (validator.errors ?? []);
}

function laxValidator(schema: Schema): ValidateFunction {
  const { lax, description } = load();
  return cached(`lax ${JSON.stringify(schema)}`, () =>
    lax.compile({ ...schema, components: description.components }),
  );
}

function strictValidator(schema: Schema): ValidateFunction | undefined {
  const reference = schema.$ref;
  if (typeof reference !== 'string' || !reference.startsWith(SCHEMA_REF)) return undefined;
  const name = encodeURIComponent(reference.slice(SCHEMA_REF.length));
  return cached(`strict ${name}`, () => load().strict.compile({ $ref: `strict#/$defs/${name}` }));
}

function cached(key: string, make: () => ValidateFunction): ValidateFunction {
  const validator = validators.get(key) ?? make();
  validators.set(key, validator);
  return validator;
}
