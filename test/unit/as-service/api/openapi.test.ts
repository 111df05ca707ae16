// The OpenAPI document of a few routes, in full.
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { createOpenApi } from '#as-service/api/openapi.ts';
import { type Route, route } from '#as-service/api/routes/route.ts';
import { custom, integer, list, time } from '#protocol/json/schema.ts';
import { PROBLEM_BASE } from '#protocol/service/problem.ts';
import { PROBLEMS } from '#protocol/service/problem-kinds.ts';

const handle = () => ({});
const OPEN = route({
  ...{ method: 'get', path: '/v1/open', summary: 'Open.', roles: 'anyone', input: undefined, problems: [], handle },
  output: v.object({ n: integer(1, 9) }),
});
const QUERY = route({
  ...{
    method: 'get',
    path: '/v1/things/{id}',
    summary: 'Query.',
    roles: ['auditor'],
    problems: ['order-unknown'],
    handle,
  },
  input: v.object({ last: v.pipe(v.string(), v.transform(Number), integer(1, 9)), more: v.exactOptional(v.string()) }),
  output: v.object({ times: list(time, 0, 3) }),
});
const BODY = route({
  ...{ method: 'post', path: '/v1/things/{id}', summary: 'Body.', roles: ['operator'], handle },
  problems: ['order-unknown', 'order-ended', 'order-unknown'],
  input: v.object({
    note: v.exactOptional(
      v.pipe(
        v.string(),
        v.check(() => true),
      ),
    ),
    part: v.object({ on: v.boolean() }),
  }),
  output: v.object({ any: custom(() => true, 'anything') }),
});

const PROBLEM = { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } };
const problem = (description: string) => ({ description, content: PROBLEM });
const titleOf = (code: keyof typeof PROBLEMS) => `${code}: ${PROBLEMS[code].title}`;
const json = (schema: object) => ({ 'application/json': { schema } });
const object = (properties: object, required = Object.keys(properties)) => ({
  ...{ type: 'object', properties, required, additionalProperties: false },
});
const COMMON = {
  400: problem(titleOf('request-refused')),
  421: problem('request-refused: the service does not answer to this host name'),
  500: problem(titleOf('service-failed')),
  503: problem(
    'service-failed: the service took too long. too-many-requests: the service is busy; retry after the time in Retry-After',
  ),
};
const SIGNED_IN = {
  401: problem(titleOf('signed-out')),
  403: problem(titleOf('not-allowed')),
  429: problem(titleOf('too-many-requests')),
};
const ID = { name: 'id', in: 'path', required: true, schema: { type: 'string', minLength: 1, maxLength: 64 } };

const documentOf = (...routes: readonly Route[]) =>
  createOpenApi(routes) as {
    readonly openapi: string;
    readonly paths: object;
    readonly components: { readonly schemas: { readonly Problem: { readonly properties: object } } };
  };

describe('the OpenAPI document', () => {
  it('describes a route that needs no access code', () => {
    expect(documentOf(OPEN).paths).toEqual({
      '/v1/open': {
        get: {
          summary: 'Open.',
          responses: {
            200: { description: 'Done', content: json(object({ n: { type: 'integer', minimum: 1, maximum: 9 } })) },
            ...COMMON,
          },
        },
      },
    });
  });

  it('describes the methods of a path, each with its input, roles and problems', () => {
    const times = { type: 'array', items: time.json, minItems: 0, maxItems: 3 };
    expect(documentOf(QUERY, BODY).paths).toEqual({
      '/v1/things/{id}': {
        get: {
          ...{ summary: 'Query.', security: [{ operatorToken: [] }], 'x-roles': ['auditor'] },
          parameters: [
            ID,
            { name: 'last', in: 'query', required: true, schema: { type: 'integer', minimum: 1, maximum: 9 } },
            { name: 'more', in: 'query', required: false, schema: { type: 'string' } },
          ],
          responses: {
            200: { description: 'Done', content: json(object({ times })) },
            ...{ ...COMMON, ...SIGNED_IN, 404: problem(titleOf('order-unknown')) },
          },
        },
        post: {
          ...{ summary: 'Body.', security: [{ operatorToken: [] }], 'x-roles': ['operator'] },
          requestBody: {
            required: true,
            content: json(object({ note: { type: 'string' }, part: object({ on: { type: 'boolean' } }) }, ['part'])),
          },
          parameters: [ID],
          responses: {
            200: { description: 'Done', content: json(object({ any: {} })) },
            ...{ ...COMMON, ...SIGNED_IN, 404: problem(titleOf('order-unknown')) },
            403: problem(`${titleOf('not-allowed')}. ${titleOf('order-ended')}`),
            413: problem('request-refused: the body is too long'),
            415: problem('request-refused: the body is not application/json'),
          },
        },
      },
    });
  });

  it('is of version 3.1, and permits only the types of its problems', () => {
    const { openapi, components } = documentOf(OPEN);
    expect(openapi).toBe('3.1.0');
    expect(components).toMatchObject({
      schemas: {
        Problem: { properties: { type: { enum: Object.keys(PROBLEMS).map((code) => PROBLEM_BASE + code) } } },
      },
      securitySchemes: { operatorToken: { type: 'http', scheme: 'bearer', bearerFormat: 'KF-XXXXX-…' } },
    });
    expect(Object.keys(components.schemas.Problem.properties)).toEqual(['type', 'title', 'status', 'detail']);
  });
});
