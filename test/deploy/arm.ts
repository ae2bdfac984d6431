import { createHash } from 'node:crypto';
import { parseExpression, type Expression } from './armExpression.js';

// As much of the template language as our templates use, evaluated as Azure Resource Manager does:
// learn.microsoft.com/azure/azure-resource-manager/templates/template-functions. What is not here throws.

export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };
export type JsonObject = Record<string, Json>;
export type Resource = JsonObject & { type: string; name: string; properties: JsonObject };

export type Template = {
  parameters: Record<string, { type: string; defaultValue?: Json; metadata: { description: string } }>;
  variables?: JsonObject;
  resources: JsonObject[];
  outputs?: Record<string, { value: Json }>;
};

/** What only Azure knows: the cloud, the group, and what resources are like once they are there. */
export type Azure = {
  templateUri?: string;
  cloud: { name: string; loginEndpoint: string };
  tenantId: string;
  location: string;
  /** By resource id; `full` asks for the whole resource instead of its properties. */
  reference(id: string, full: boolean): Json;
};

export const GROUP = '/subscriptions/11111111-0000-4000-8000-000000000000/resourceGroups/partners';

type Scope = { template: Template; given: JsonObject; azure: Azure; index: number };

/** A template with its parameters, as deployed. */
export type Deployment = {
  /** Resources whose condition holds, copies counted out. */
  resources: Resource[];
  /** What `dependsOn` may name: the ids of all resources, also of those whose condition does not hold, and loops. */
  ids: string[];
  outputs: JsonObject;
  evaluate(value: Json): Json;
};

export function deploy(template: Template, given: JsonObject, azure: Azure): Deployment {
  const scope = { template, given, azure, index: 0 };
  const all = template.resources.flatMap((resource) => copies(resource, scope));
  const resources = all.filter(({ condition }) => condition !== false) as Resource[];
  const outputs = Object.entries(template.outputs ?? {}).map(([name, { value }]) => [
    name,
    evaluate(value, scope),
  ]);
  return {
    resources,
    ids: [
      ...all.map((resource) => idOf(resource as Resource)),
      ...template.resources.flatMap(({ copy }) => (copy ? [text((copy as JsonObject).name ?? null)] : [])),
    ],
    outputs: Object.fromEntries(outputs) as JsonObject,
    evaluate: (value) => evaluate(value, scope),
  };
}

function copies({ copy, ...resource }: JsonObject, scope: Scope): JsonObject[] {
  const count = copy === undefined ? 1 : Number(evaluate((copy as JsonObject).count ?? null, scope));
  return Array.from({ length: count }, (_, index) => evaluate(resource, { ...scope, index }) as JsonObject);
}

/** The id of a resource, in our group or below the resource that it extends. */
export function idOf({ type, name, scope }: Resource): string {
  return resourceId([type, ...name.split('/')], typeof scope === 'string' ? scope : GROUP);
}

function evaluate(value: Json, scope: Scope): Json {
  if (typeof value === 'string') {
    return /^\[[^[]/.test(value) ? run(parseExpression(value.slice(1, -1)), scope) : value;
  }
  if (Array.isArray(value)) return value.map((item) => evaluate(item, scope));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, evaluate(item, scope)]));
}

function run(expression: Expression, scope: Scope): Json {
  if (expression.kind === 'literal') return expression.value;
  if (expression.kind === 'member') {
    const key = run(expression.key, scope) as string | number;
    const member = (run(expression.of, scope) as Record<string | number, Json>)[key];
    if (member === undefined) throw new Error(`There is no member ${key}`);
    return member;
  }
  const { name, args } = expression;
  if (name === 'if') return choose(args, scope);
  const called = FUNCTIONS[name];
  if (!called) throw new Error(`The template language has no ${name} here`);
  return called(
    args.map((arg) => run(arg, scope)),
    scope,
  );
}

/** Only the branch that is taken is evaluated. */
function choose([condition, yes, no]: Expression[], scope: Scope): Json {
  if (!condition || !yes || !no) throw new Error('if takes three');
  return run(run(condition, scope) === true ? yes : no, scope);
}

type Called = (args: Json[], scope: Scope) => Json;

const texts = (args: Json[]) => args.map(text);
const hash = (args: Json[]) => createHash('sha256').update(texts(args).join('|')).digest('hex');
const asGuid = (hex: string) => hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, '$1-$2-$3-$4-$5');
let guids = 0;

const FUNCTIONS: Record<string, Called> = {
  parameters: ([name], scope) => parameter(text(name), scope),
  variables: ([name], scope) => {
    const value = scope.template.variables?.[text(name)];
    if (value === undefined) throw new Error(`There is no variable ${text(name)}`);
    return evaluate(value, scope);
  },
  copyIndex: ([offset = 0], { index }) => index + Number(offset),
  deployment: (_, { azure }) => ({
    properties: azure.templateUri === undefined ? {} : { templateLink: { uri: azure.templateUri } },
  }),
  environment: (_, { azure: { cloud } }) => ({
    name: cloud.name,
    authentication: { loginEndpoint: cloud.loginEndpoint },
  }),
  resourceGroup: (_, { azure }) => ({ id: GROUP, location: azure.location }),
  subscription: (_, { azure }) => ({ tenantId: azure.tenantId }),
  reference: ([id, , full], { azure }) => azure.reference(text(id), full === 'full'),
  resourceId: (args) => resourceId(texts(args), GROUP),
  subscriptionResourceId: (args) => resourceId(texts(args), GROUP.split('/resourceGroups')[0] ?? ''),
  extensionResourceId: ([scope, ...args]) => resourceId(texts(args), text(scope)),
  uniqueString: (args) => hash(args).slice(0, 13),
  guid: (args) => asGuid(hash(args)),
  newGuid: () => asGuid(hash([(guids += 1)])),
  concat: (args) => texts(args).join(''),
  string: (args) => texts(args).join(''),
  split: ([whole, separator]) => text(whole).split(text(separator)),
  startsWith: ([whole, start]) => text(whole).startsWith(text(start)),
  endsWith: ([whole, end]) => text(whole).endsWith(text(end)),
  substring: ([whole, from, length]) => text(whole).slice(Number(from), Number(from) + Number(length)),
  uri: ([base, relative]) => new URL(text(relative), text(base)).href,
  length: ([value]) => (value as string | Json[]).length,
  empty: ([value]) => (value as string | Json[]).length === 0,
  equals: ([a, b]) => a === b,
  not: ([value]) => value !== true,
  and: (args) => args.every((arg) => arg === true),
  sub: ([a, b]) => Number(a) - Number(b),
  max: (args) => Math.max(...args.map(Number)),
  union: (args) => [...new Set((args as Json[][]).flat())],
  createArray: (args) => args,
  createObject: (args) =>
    Object.fromEntries(args.flatMap((arg, i) => (i % 2 === 0 ? [[text(arg), args[i + 1] ?? null]] : []))),
};

/** @throws Error where it is none: Azure refuses such a template too */
export function text(value: Json | undefined): string {
  if (value === undefined || typeof value === 'object')
    throw new Error(`${JSON.stringify(value)} is no text`);
  return String(value);
}

function parameter(name: string, scope: Scope): Json {
  const declared = scope.template.parameters[name];
  const value = scope.given[name] ?? (declared && evaluate(declared.defaultValue ?? null, scope));
  if (!declared || value === undefined || value === null)
    throw new Error(`The parameter ${name} has no value`);
  return value;
}

function resourceId([type = '', ...names]: string[], scope: string): string {
  const [provider, ...types] = type.split('/');
  if (types.length !== names.length) throw new Error(`${type} and ${names.join('/')} do not fit`);
  const path = types.map((one, i) => `${one}/${names[i] ?? ''}`).join('/');
  return `${scope}/providers/${provider ?? ''}/${path}`;
}
