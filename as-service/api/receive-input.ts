// Receives the input of a request: charges it, then reads its body within the budgets. Parses the
// body later, in the turn of the request.
import type { Context } from 'hono';
import type { Admission } from '../http/admission.ts';
import {
  declaredLength,
  MAX_SHORT_BODY_LENGTH,
  parse,
  parseBody,
  readBody,
  requireJson,
} from '../http/request-body.ts';
import { LONG_BODIES, type ParseLong } from './routes/long-bodies.ts';
import type { Route } from './routes/route.ts';

export interface Received {
  readonly isLong: boolean;
  /** @throws Problem request-refused */
  readonly parse: () => Promise<unknown> | unknown;
  /** Frees the memory budget of the body. To be called once. */
  readonly release: () => void;
}

/** @throws Problem too-many-requests, request-refused */
export async function receiveInput(
  c: Context,
  { method, path, input, longBody, roles }: Route,
  operator: string,
  admission: Admission,
  parseLong: ParseLong,
): Promise<Received> {
  const isRead = method === 'get';
  if (roles !== 'anyone') isRead ? admission.spendRead(operator) : admission.spend(operator, 1);
  if (isRead || input === undefined) {
    const query = () => (input === undefined ? undefined : parse(input, c.req.query(), 'query'));
    return { isLong: false, parse: query, release: () => undefined };
  }
  const maxLength = longBody === undefined ? MAX_SHORT_BODY_LENGTH : LONG_BODIES[longBody].maxLength;
  requireJson(c, maxLength);
  const account = admission.bodies.begin(operator);
  try {
    const isDeclaredLong = (declaredLength(c) ?? 0) > MAX_SHORT_BODY_LENGTH;
    if (isDeclaredLong) admission.spendLongBody(operator, declaredLength(c) ?? 0);
    const body = await readBody(c, maxLength, account);
    account.endReading();
    const isLong = body.length > MAX_SHORT_BODY_LENGTH;
    if (isLong && !isDeclaredLong) admission.spendLongBody(operator, body.length);
    if (isLong && longBody === undefined) throw new RangeError(`${path} read a body that is too long`);
    const parseInput = () => (isLong && longBody !== undefined ? parseLong(longBody, body) : parseBody(input, body));
    return { isLong, parse: parseInput, release: () => account.release() };
  } catch (cause) {
    account.release();
    throw cause;
  }
}
