// Reads a JSON body of limited length, and checks it and queries against schemas.
import type { Context } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { z } from 'zod';
import { Problem } from './answer.ts';

const MAX_BODY_LENGTH = 128 * 1024;

/**
 * `maxLength` in bytes.
 * @throws Problem request-refused (400, 413 or 415) naming the wrong member
 */
export async function readJson<Input>(
  c: Context,
  schema: z.ZodType<Input>,
  maxLength: number = MAX_BODY_LENGTH,
): Promise<Input> {
  // A page of another origin cannot send this type without a preflight, so it cannot forge a form.
  const type = c.req.header('content-type') ?? '';
  if (!/^application\/json\s*(;|$)/i.test(type)) {
    throw new Problem('request-refused', 'The body must be JSON: send Content-Type: application/json.', {
      status: 415,
    });
  }
  return parse(schema, decode(await readText(c, maxLength)), 'body');
}

/** @throws Problem request-refused */
export function parse<Input>(schema: z.ZodType<Input>, value: unknown, where: string): Input {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issues = result.error.issues
    .slice(0, 3)
    .map(({ path, message }) => `${z.core.toDotPath(path) || where}: ${message}`);
  throw new Problem('request-refused', `${issues.join('. ')}. See /openapi.json for the expected form.`);
}

function decode(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Problem('request-refused', 'The body is not JSON.');
  }
}

/** Limits the body only here, after the sign-in: as middleware the limit would come first. */
async function readText(c: Context, maxSize: number): Promise<string> {
  const onError = () => {
    throw new Problem('request-refused', `The body may have at most ${maxSize} bytes.`, { status: 413 });
  };
  let text = '';
  await bodyLimit({ maxSize, onError })(c, async () => {
    text = await c.req.text();
  });
  return text;
}
