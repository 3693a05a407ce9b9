/**
 * The OpenAPI document of the declared operations.
 *
 * @see https://spec.openapis.org/oas/v3.1.1.html
 */
import { z } from 'zod';
import { RECORD_ITEMS } from '../../audit/record-item.ts';
import { catalogue, type ErrorName } from '../../errors.ts';
import {
  actor,
  backend,
  peer,
  policy as policyDecision,
  recovered,
  tag as tagMove,
  token as tokenPlace,
} from '../../provenance/facts.ts';
import { behind } from '../../provenance/push-records.ts';
import { session } from './logins.ts';
import { grant, robot } from './machines.ts';
import { type Answer, GROUPS, type Operation, refusesParameters } from './operation.ts';
import { conditions, right } from './policy-answers.ts';
import { errors } from './shared.ts';

/** What stands in several answers. */
const PARTS: Readonly<Record<string, z.ZodType>> = {
  Robot: robot,
  Grant: grant,
  Session: session,
  Conditions: conditions,
  Right: right,
  Actor: actor,
  Peer: peer,
  TokenPlace: tokenPlace,
  PolicyDecision: policyDecision,
  TagMove: tagMove,
  RegistryAnswer: backend,
  Recovered: recovered,
  Build: behind.build.unwrap(),
  Source: behind.source.unwrap(),
  Operator: behind.operator.unwrap(),
};

type Json = Readonly<Record<string, unknown>>;

/** Of every request that somebody logs in for, and of those that carry what they need themselves. */
const OF_ACCESS: Readonly<Record<Operation['access'], readonly ErrorName[]>> = {
  public: [],
  credentials: ['CREDENTIALS_REFUSED', 'CREDENTIALS_EXPOSED', 'TOO_MANY_REQUESTS', 'DIRECTORY_UNAVAILABLE'],
  login: [
    ...([
      'REQUEST_MALFORMED',
      'TOKEN_MISSING',
      'TOKEN_INVALID',
      'TOKEN_REVOKED',
      'CREDENTIALS_REFUSED',
    ] as const),
    ...(['CREDENTIALS_EXPOSED', 'TOO_MANY_REQUESTS', 'DIRECTORY_UNAVAILABLE', 'ISSUER_UNAVAILABLE'] as const),
  ],
};
const OF_BODY: readonly ErrorName[] = [
  ...(['REQUEST_MALFORMED', 'BODY_TYPE_REFUSED', 'BODY_TOO_LARGE', 'REQUEST_STALLED'] as const),
];

/** What an operation may be refused with, that which any request may be included. */
export function errorsOf(operation: Operation): readonly ErrorName[] {
  const { access, body, errors: own } = operation;
  const ofQuery = refusesParameters(operation) ? (['FILTER_MALFORMED'] as const) : [];
  const all = [...OF_ACCESS[access], ...(body ? OF_BODY : []), ...ofQuery, ...own, 'INTERNAL' as const];
  return [...new Set(all)].sort();
}

const DESCRIPTION = `Registry Warden: who pushed what to the registry, from where, by which rule; and what goes with that.

**Logging in.** Basic credentials of a user or robot, or a token of \`/token\` for the service of the API. The page at \`/ui/\` has a
cookie, which counts only together with the header \`X-Warden-Page: 1\` and never where the browser says that another site
asks. A body is JSON with \`Content-Type: application/json\`, which no form of another site can send.

**Times** are RFC 3339 in UTC, to the millisecond. In questions they may be a day, a time with its zone, or a length before now.

**Pages.** \`next\` of an answer goes into \`cursor\` of the following question, with the same filters. It is absent at the end. A
page can be short, or empty, and have a \`next\`.

**Errors** have a status, and one object with a code that registry clients know, a sentence for a person and, in
\`detail.error\`, the name by which docs/errors.md, the descriptions here and Warden's log have it.

Whoever adds to the API adds: what an answer has today it keeps. Unknown parameters and members are refused.`;

/** @returns the same text for the same operations. */
export function openApi(operations: Readonly<Record<string, Operation>>): Json {
  const named = componentsOf(operations);
  const paths: Record<string, Record<string, unknown>> = {};
  for (const [id, operation] of Object.entries(operations)) {
    paths[operation.path] = {
      ...paths[operation.path],
      [operation.method.toLowerCase()]: operationJson(id, operation),
      ...(operation.head && { head: headJson(id, operation) }),
    };
  }
  return {
    openapi: '3.1.1',
    info: {
      title: 'Registry Warden',
      version: '1',
      description: DESCRIPTION,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/', description: 'publicUrl of the settings' }],
    tags: Object.entries(GROUPS).map(([name, description]) => ({ name, description })),
    paths: Object.fromEntries(Object.entries(paths).sort(([one], [other]) => (one < other ? -1 : 1))),
    components: { schemas: named, securitySchemes: SCHEMES },
  };
}

const SCHEMES = {
  basic: { type: 'http', scheme: 'basic' },
  bearer: { type: 'http', scheme: 'bearer', description: 'a token for the service of the API' },
  page: {
    ...{ type: 'apiKey', in: 'cookie', name: '__Host-warden' },
    description: 'of somebody who is signed in to the page; over plain HTTP it is called warden',
  },
  pageHeader: {
    ...{ type: 'apiKey', in: 'header', name: 'X-Warden-Page' },
    description: '1: no page of another site can have sent it',
  },
} as const;

function operationJson(id: string, operation: Operation): Json {
  const { group, summary, description, access, body, answer } = operation;
  return {
    operationId: id,
    tags: [group],
    summary,
    ...(description !== undefined && { description }),
    security:
      access === 'login' ? [{ basic: [] }, { bearer: [] }, { page: [], pageHeader: [] }] : securityOf(id),
    ...parametersJson(operation),
    ...(body && {
      requestBody: { required: true, content: { [body.type]: { schema: ref(`${upper(id)}Body`) } } },
    }),
    responses: { [answer.status]: answerJson(id, answer), ...refusals(operation) },
  };
}

/** A registry client sends Basic credentials for a token, or none. */
function securityOf(id: string): readonly Json[] {
  return id === 'getToken' ? [{}, { basic: [] }] : [];
}

function headJson(id: string, { group, summary, answer }: Operation): Json {
  return {
    operationId: `${id}Head`,
    tags: [group],
    summary: `${summary}: headers alone`,
    security: [],
    responses: { [answer.status]: { description: 'as GET, without a body' } },
  };
}

function parametersJson({ parts = {}, query, headers = {} }: Operation): Json {
  const parameters = [
    ...Object.entries(parts).map(([name, description]) => ({
      ...{ name, in: 'path', required: true, description, schema: { type: 'string' } },
    })),
    ...Object.entries(query?.shape ?? {}).map(([name, schema]) => queryJson(name, schema as z.ZodType)),
    ...Object.entries(headers).map(([name, description]) => ({
      ...{ name, in: 'header', description, schema: { type: 'string' } },
    })),
  ];
  return parameters.length > 0 ? { parameters } : {};
}

function queryJson(name: string, schema: z.ZodType): Json {
  const { $schema: _, description, ...shape } = jsonSchema(schema);
  return {
    ...{ name, in: 'query', required: !schema.safeParse(undefined).success },
    ...(description !== undefined && { description }),
    schema: shape,
  };
}

function answerJson(id: string, { json, other = {} }: Answer): Json {
  const content = {
    ...(json && { 'application/json': { schema: ref(`${upper(id)}Answer`) } }),
    ...Object.fromEntries(Object.keys(other).map((type) => [type, { schema: { type: 'string' } }])),
  };
  const kinds = Object.entries(other).map(([type, what]) => (json ? `${type} ${what}` : what));
  const description = kinds.length > 0 ? `${json ? 'the answer; ' : ''}${kinds.join('; ')}` : 'the answer';
  return json || kinds.length > 0 ? { description, content } : { description: 'done' };
}

/** One for each status. */
function refusals(operation: Operation): Json {
  const byStatus = new Map<number, ErrorName[]>();
  for (const name of errorsOf(operation)) {
    const { status } = catalogue[name];
    byStatus.set(status, [...(byStatus.get(status) ?? []), name]);
  }
  return Object.fromEntries(
    [...byStatus].map(([status, names]) => [
      status,
      { description: names.join(', '), content: { 'application/json': { schema: ref('Errors') } } },
    ]),
  );
}

function componentsOf(operations: Readonly<Record<string, Operation>>): Json {
  const registry = z.registry<{ id: string }>();
  const register = (schema: z.ZodType | undefined, id: string): void => {
    if (schema) registry.add(schema, { id });
  };
  register(errors, 'Errors');
  for (const [name, schema] of Object.entries({ ...RECORD_ITEMS, ...PARTS })) register(schema, name);
  for (const [id, { body, answer }] of Object.entries(operations)) {
    register(own(body?.schema), `${upper(id)}Body`);
    register(own(answer.json), `${upper(id)}Answer`);
  }
  const { schemas } = z.toJSONSchema(registry, {
    io: 'input',
    unrepresentable: 'any',
    uri: (id) => `#/components/schemas/${id}`,
  });
  const written = Object.entries(schemas).map(
    ([id, { $schema: _, $id: __, ...schema }]) => [id, schema] as const,
  );
  return Object.fromEntries(written.sort(([one], [other]) => (one < other ? -1 : 1)));
}

/** A copy, since two operations may share a schema, and each has it under a name of its own. */
function own(schema: z.ZodType | undefined): z.ZodType | undefined {
  return schema?.clone();
}

function jsonSchema(schema: z.ZodType): Json {
  return z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
}

function ref(name: string): Json {
  return { $ref: `#/components/schemas/${name}` };
}

function upper(id: string): string {
  return `${id.slice(0, 1).toUpperCase()}${id.slice(1)}`;
}
