// Describes a route of the API: path, roles, schemas and handler. app.ts registers these values,
// and openapi.ts makes the OpenAPI document from them.
import * as v from 'valibot';
import { integer } from '#protocol/json/schema.ts';
import type { Role, SignedLogJson } from '#protocol/service/messages.ts';
import type { ProblemCode } from '#protocol/service/problem.ts';
import type { SignedIn } from '../../http/sign-in.ts';
import type { As } from '../../service/as.ts';
import type { LongBody } from './long-bodies.ts';

/** Schema of the header LOG_SIZE. */
export const logSizeSchema = v.pipe(v.string(), v.transform(Number), integer(1, Number.MAX_SAFE_INTEGER));

export const EVERY_ROLE: readonly Role[] = ['operator', 'custodian', 'auditor', 'administrator'];
/** The roles that see the records of all operators. */
export const OVERSEERS: readonly Role[] = ['auditor', 'administrator'];

export interface Call<Input> {
  readonly as: As;
  readonly input: Input;
  /** Value of {id} in the path. Empty if the path does not contain {id}. */
  readonly id: string;
  /** @throws RangeError on a route without sign-in */
  readonly signedIn: SignedIn;
  /**
   * Counts further exports against the rate limit of the operator. The request counts as one before
   * its body is read.
   * @throws Problem too-many-requests
   */
  readonly spend: (count: number) => void;
  /** Returns the signed audit head, with the proof for the size that the station named. */
  readonly signLog: () => Promise<SignedLogJson>;
  /** Receives errors whose details must not reach a client. */
  readonly report: (cause: unknown) => void;
}

export interface Route<Input = unknown> {
  readonly method: 'get' | 'post';
  /** May contain {id} as a parameter. */
  readonly path: string;
  readonly summary: string;
  readonly roles: readonly Role[] | 'anyone';
  /** Schema of the JSON body (POST) or of the query (GET). */
  readonly input: v.GenericSchema<unknown, Input> | undefined;
  /** The kind of the body, if the route permits long ones. */
  readonly longBody?: LongBody;
  /** Whether the handler may take long, so that few of these requests run at a time. */
  readonly isSlow?: true;
  /** Timeout in milliseconds. Undefined for the default. */
  readonly deadlineMs?: number;
  readonly output: v.GenericSchema;
  /** Media type of an answer that is not JSON. `handle` then returns a Response. */
  readonly media?: string;
  /** Problems of this route, besides those of every route. */
  readonly problems: readonly ProblemCode[];
  readonly handle: (call: Call<Input>) => Promise<object> | object;
}

/**
 * Makes the compiler check `handle` against `input`. Widens the type, so that one table can contain
 * all routes.
 */
export function route<Input>(definition: Route<Input>): Route {
  const { handle, input } = definition;
  return { ...definition, input, handle: (call) => handle(call as Call<Input>) };
}
