// Creates the OpenAPI 3.1 document from the table of routes and the schemas that check requests.
// A test compares the document with real answers.
import { z } from 'zod';
import type { ProblemCode } from '#protocol/service/problem.ts';
import { PROBLEMS } from '#protocol/service/problem-kinds.ts';
import type { Route } from './routes/route.ts';
import { problem } from './schemas/common.ts';

/** Problems of every route. Routes that require an access code also have those of SIGNED_IN. */
const COMMON: readonly ProblemCode[] = ['request-refused', 'service-failed'];
const SIGNED_IN: readonly ProblemCode[] = ['signed-out', 'not-allowed', 'too-many-requests'];
/** Statuses that replace the usual status of a problem code (RFC 9110 clause 15). */
const INSTEAD: Readonly<Record<number, string>> = {
  421: 'request-refused: the service does not answer to this host name',
  503: 'service-failed: the service took too long',
};
const INSTEAD_OF_BODY: Readonly<Record<number, string>> = {
  413: 'request-refused: the body is too long',
  415: 'request-refused: the body is not application/json',
};

export function createOpenApi(routes: readonly Route[]): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const route of routes) {
    paths[route.path] = { ...paths[route.path], [route.method]: describeRoute(route) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Keyferry AS',
      version: '1',
      description:
        'Exports application keys, sealed for one unit each. Octets are unpadded base64url, serial numbers 32 hex digits, times ISO 8601 in UTC.',
    },
    components: {
      schemas: { Problem: jsonSchema(problem) },
      securitySchemes: { operatorToken: { type: 'http', scheme: 'bearer', bearerFormat: 'KF-XXXXX-…' } },
    },
    paths,
  };
}

function describeRoute({ method, path, summary, roles, input, output, problems }: Route): object {
  const isOpen = roles === 'anyone';
  return {
    summary,
    ...(isOpen ? {} : { security: [{ operatorToken: [] }], 'x-roles': roles }),
    ...(input !== undefined && method === 'post' ? { requestBody: body(input) } : {}),
    ...parametersOf([...named(path), ...(input !== undefined && method === 'get' ? parameters(input) : [])]),
    responses: {
      200: { description: 'Done', content: { 'application/json': { schema: jsonSchema(output) } } },
      ...describeInstead({ ...INSTEAD, ...(method === 'post' ? INSTEAD_OF_BODY : {}) }),
      ...problemResponses([...COMMON, ...(isOpen ? [] : SIGNED_IN), ...problems]),
    },
  };
}

function body(input: z.ZodType): object {
  return { required: true, content: { 'application/json': { schema: jsonSchema(input) } } };
}

function parametersOf(parameters: readonly object[]): object {
  return parameters.length === 0 ? {} : { parameters };
}

function named(path: string): object[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string', minLength: 1, maxLength: 64 },
  }));
}

function parameters(input: z.ZodType): object[] {
  const { properties = {}, required = [] } = jsonSchema(input) as { properties?: object; required?: string[] };
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    in: 'query',
    required: required.includes(name),
    schema,
  }));
}

/** Describes one response per status, with all problem codes of that status. */
function problemResponses(codes: readonly ProblemCode[]): Record<number, object> {
  const statuses = new Set(codes.map((code) => PROBLEMS[code].status));
  return Object.fromEntries(
    [...statuses].sort().map((status) => {
      const titles = [...new Set(codes)].filter((code) => PROBLEMS[code].status === status);
      const description = titles.map((code) => `${code}: ${PROBLEMS[code].title}`).join('. ');
      return [status, problemResponse(description)];
    }),
  );
}

function describeInstead(descriptions: Readonly<Record<number, string>>): Record<string, object> {
  return Object.fromEntries(Object.entries(descriptions).map(([status, words]) => [status, problemResponse(words)]));
}

function problemResponse(description: string): object {
  const schema = { $ref: '#/components/schemas/Problem' };
  return { description, content: { 'application/problem+json': { schema } } };
}

/** JSON Schema of what a client sends. Members with a default are optional. */
function jsonSchema(schema: z.ZodType): object {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { io: 'input' });
  return rest;
}
