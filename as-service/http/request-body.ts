// Reads a JSON body: a limited number of octets, the right media type, and nothing that the schema does not name.
import type { Context } from 'hono';
import { z } from 'zod';
import { Problem } from './answer.ts';

const BODY_LIMIT = 128 * 1024;

/** @throws Problem request-refused (400, 413 or 415) saying which member is wrong */
export async function readJson<Input>(
  c: Context,
  schema: z.ZodType<Input>,
  limit: number = BODY_LIMIT,
): Promise<Input> {
  // A page of another origin cannot send this type without asking first, so it also keeps forged forms out.
  const type = c.req.header('content-type') ?? '';
  if (!/^application\/json\s*(;|$)/i.test(type)) {
    throw new Problem('request-refused', 'The body must be JSON: send Content-Type: application/json.', {
      status: 415,
    });
  }
  return parse(schema, decode(await readText(c, limit)), 'body');
}

/** @throws Problem request-refused */
export function parse<Input>(schema: z.ZodType<Input>, value: unknown, where: string): Input {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issues = result.error.issues
    .slice(0, 3)
    .map(({ path, message }) => `${z.core.toDotPath(path) || where}: ${message}`);
  throw new Problem('request-refused', `${issues.join('. ')}. See /openapi.json for what is expected.`);
}

function decode(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Problem('request-refused', 'The body is not JSON.');
  }
}

async function readText(c: Context, limit: number): Promise<string> {
  const length = c.req.header('content-length');
  if (length !== undefined) {
    // Node's own parser reads no more than this many octets.
    if (Number(length) > limit) throw tooLarge(limit);
    return c.req.text();
  }
  const parts: Uint8Array[] = [];
  let total = 0;
  for await (const part of c.req.raw.body ?? []) {
    total += part.length;
    if (total > limit) throw tooLarge(limit);
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

function tooLarge(limit: number): Problem {
  return new Problem('request-refused', `The body may have ${limit} octets at most.`, { status: 413 });
}
