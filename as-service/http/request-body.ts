// Reads a JSON body of limited length. Checks bodies and queries against schemas.
import type { Context } from 'hono';
import * as v from 'valibot';
import { findUnknownMember } from '#protocol/json/document.ts';
import { describeIssue } from '#protocol/json/schema.ts';
import { Problem } from './answer.ts';
import type { BodyAccount } from './body-budget.ts';

/** Maximum length of a body, unless its route permits long ones, in bytes. */
export const MAX_SHORT_BODY_LENGTH = 128 * 1024;

/** Refuses a body by its headers. @throws Problem request-refused (413 or 415) */
export function requireJson(c: Context, maxLength: number): void {
  // A page of another origin can send this content type only after a preflight. The check thus
  // prevents cross-site request forgery.
  const type = c.req.header('content-type') ?? '';
  if (!/^application\/json\s*(;|$)/i.test(type)) {
    throw new Problem('request-refused', 'The body must be JSON: send Content-Type: application/json.', {
      status: 415,
    });
  }
  if ((declaredLength(c) ?? 0) > maxLength) throw tooLarge(maxLength);
}

/** Returns the length in the header; undefined for a chunked body. */
export function declaredLength(c: Context): number | undefined {
  const length = c.req.header('content-length');
  return length === undefined ? undefined : Number(length);
}

/**
 * Reads at most `maxLength` bytes, and counts them in `account`. Does not use hono's bodyLimit,
 * which took 0.2 ms of CPU per request. In one trial it answered a long chunked body with a reset
 * connection instead of the problem document.
 * @throws Problem request-refused (413), too-many-requests (503)
 */
export async function readBody(c: Context, maxLength: number, account: BodyAccount): Promise<Uint8Array> {
  const length = declaredLength(c);
  if (length !== undefined) {
    // Node's parser reads no more bytes than the header declares, so the body is not longer.
    account.reserve(length);
    return new Uint8Array(await c.req.arrayBuffer());
  }
  const parts: Uint8Array[] = [];
  let total = 0;
  for await (const part of c.req.raw.body ?? []) {
    total += part.length;
    if (total > maxLength) throw tooLarge(maxLength);
    account.reserve(part.length);
    parts.push(part);
  }
  return Buffer.concat(parts);
}

/** Parses and checks a JSON body. @throws Problem request-refused naming the wrong member */
export function parseBody<Input>(schema: v.GenericSchema<unknown, Input>, body: Uint8Array): Input {
  return parse(schema, decode(Buffer.from(body.buffer, body.byteOffset, body.length).toString('utf8')), 'body');
}

/** @throws Problem request-refused */
export function parse<Input>(schema: v.GenericSchema<unknown, Input>, value: unknown, where: string): Input {
  const { success, output, issues = [] } = v.safeParse(schema, value);
  const unknown = findUnknownMember(value, output);
  if (success && unknown === undefined) return output;
  const wrong = success
    ? [`${where}${unknown} is an unknown member`]
    : issues.slice(0, 3).map((issue) => describeIssue(where, issue));
  throw new Problem('request-refused', `${wrong.join('. ')}. See /openapi.json for the expected format.`);
}

function decode(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Problem('request-refused', 'The body is not JSON.');
  }
}

function tooLarge(maxLength: number): Problem {
  return new Problem('request-refused', `The body may have at most ${maxLength} bytes.`, { status: 413 });
}
