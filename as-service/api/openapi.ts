// Generates the OpenAPI 3.1 document from the table of routes and the schemas of protocol. app.ts
// serves the document (docs/protocol.md clause 6).
import { type ConversionConfig, toJsonSchema } from '@valibot/to-json-schema';
import * as v from 'valibot';
import type { JsonSchema } from '#protocol/json/schema.ts';
import { LOG_SIZE, problemSchema } from '#protocol/service/messages.ts';
import { PROBLEM_BASE, type ProblemCode } from '#protocol/service/problem.ts';
import { PROBLEMS } from '#protocol/service/problem-kinds.ts';
import { logSizeSchema, type Route } from './routes/route.ts';

/**
 * COMMON lists the problems that every route can return. SIGNED_IN lists the further problems of
 * every route that requires an access code.
 */
const COMMON: readonly ProblemCode[] = ['request-refused', 'service-failed'];
const SIGNED_IN: readonly ProblemCode[] = ['signed-out', 'not-allowed', 'too-many-requests'];
/**
 * Some problems have another status than PROBLEMS gives for their code (RFC 9110 clause 15). These
 * two tables describe such statuses.
 */
const OTHER_STATUS: Readonly<Record<number, string>> = {
  421: 'request-refused: the service does not answer to this host name',
  503: 'service-failed: the service took too long. too-many-requests: the service is busy; retry after the time in Retry-After',
};
const OTHER_STATUS_OF_BODY: Readonly<Record<number, string>> = {
  413: 'request-refused: the body is too long',
  415: 'request-refused: the body is not application/json',
};

/**
 * Schema of the problems of this service. It permits only the types in PROBLEMS. problemSchema,
 * which clients use, also accepts the types of newer services.
 */
const serviceProblemSchema = v.object({
  ...problemSchema.entries,
  type: v.picklist(Object.keys(PROBLEMS).map((code) => PROBLEM_BASE + code)),
});

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
        'Exports application keys, each sealed for one unit. Bytes are unpadded base64url, serial numbers 32 hex digits, times ISO 8601 in UTC.',
    },
    components: {
      schemas: { Problem: jsonSchema(serviceProblemSchema) },
      securitySchemes: { operatorToken: { type: 'http', scheme: 'bearer', bearerFormat: 'KF-XXXXX-…' } },
    },
    paths,
  };
}

function describeRoute({
  method,
  path,
  summary,
  roles,
  input,
  output,
  media = 'application/json',
  problems,
}: Route): object {
  const isOpen = roles === 'anyone';
  return {
    summary,
    ...(isOpen ? {} : { security: [{ operatorToken: [] }], 'x-roles': roles }),
    ...(input !== undefined && method === 'post' ? { requestBody: body(input) } : {}),
    ...parametersOf([
      ...named(path),
      ...(input !== undefined && method === 'get' ? parameters(input) : []),
      ...(showsLog(output) ? [LOG_SIZE_PARAMETER] : []),
    ]),
    responses: {
      200: { description: 'Done', content: { [media]: { schema: jsonSchema(output) } } },
      ...describeStatuses({ ...OTHER_STATUS, ...(method === 'post' ? OTHER_STATUS_OF_BODY : {}) }),
      ...problemResponses([...COMMON, ...(isOpen ? [] : SIGNED_IN), ...problems]),
    },
  };
}

function body(input: v.GenericSchema): object {
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

function parameters(input: v.GenericSchema): object[] {
  const { properties = {}, required = [] } = jsonSchema(input) as { properties?: object; required?: string[] };
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    in: 'query',
    required: required.includes(name),
    schema,
  }));
}

/** Returns one response for each status. Its description lists all codes that have this status. */
function problemResponses(codes: readonly ProblemCode[]): Record<number, object> {
  const statuses = new Set(codes.map((code) => PROBLEMS[code].status));
  return Object.fromEntries(
    [...statuses].map((status) => {
      const titles = [...new Set(codes)].filter((code) => PROBLEMS[code].status === status);
      const description = titles.map((code) => `${code}: ${PROBLEMS[code].title}`).join('. ');
      return [status, problemResponse(description)];
    }),
  );
}

function describeStatuses(descriptions: Readonly<Record<number, string>>): Record<string, object> {
  return Object.fromEntries(Object.entries(descriptions).map(([status, words]) => [status, problemResponse(words)]));
}

function problemResponse(description: string): object {
  const schema = { $ref: '#/components/schemas/Problem' };
  return { description, content: { 'application/problem+json': { schema } } };
}

const CONVERSION: ConversionConfig = {
  target: 'draft-2020-12',
  // Describes the last schema of each pipe. The schemas before it only limit the length of a list,
  // or parse the text of a query parameter.
  typeMode: 'output',
  // Leaves out two actions: one checks that a time exists in the calendar, the other that a text is
  // permitted. JSON Schema can express only the format of such values.
  ignoreActions: ['check', 'raw_transform'],
  overrideSchema({ valibotSchema, jsonSchema }) {
    const { type, json = {} } = valibotSchema as { readonly type: string; readonly json?: JsonSchema };
    // The converter cannot describe a custom check, so a schema with such a check has its own JSON
    // Schema in `json`. Objects are closed, because the service refuses requests with unknown
    // members.
    return { ...jsonSchema, ...json, ...(type === 'object' ? CLOSED : {}) };
  },
};
const CLOSED = { additionalProperties: false };

function jsonSchema(schema: v.GenericSchema): object {
  const { $schema: _dialect, ...rest } = toJsonSchema(schema, CONVERSION);
  return rest;
}

const LOG_SIZE_PARAMETER = {
  name: LOG_SIZE,
  in: 'header',
  required: false,
  description: 'Size of the log that the station saw. The answer then has the consistency proof.',
  schema: jsonSchema(logSizeSchema),
};

/** True iff the answer contains the audit head. */
function showsLog(output: v.GenericSchema): boolean {
  return 'entries' in output && Object.hasOwn(output.entries as object, 'auditHead');
}
