// A route of the API as a value: where it is, who may call it, what goes in and out, and what it does. The app registers these values
// and the OpenAPI document is made of them.
import type { z } from 'zod';
import type { Role } from '#protocol/service/messages.ts';
import type { ProblemCode } from '#protocol/service/problem.ts';
import type { SignedIn } from '../../http/sign-in.ts';
import type { As } from '../../service/as.ts';

export const EVERY_ROLE: readonly Role[] = ['operator', 'custodian', 'auditor', 'administrator'];
export const OVERSEERS: readonly Role[] = ['auditor', 'administrator'];

export interface Call<Input> {
  readonly as: As;
  readonly input: Input;
  /** What stands for each {name} of the path. */
  readonly named: Readonly<Record<string, string>>;
  /** @throws RangeError on a route that anyone may call: there is nobody */
  readonly signedIn: SignedIn;
  /** Counts so many exports or receipts against the operator's rate. @throws Problem too-many-requests */
  readonly spend: (count: number) => void;
  /** For what must not reach a client. */
  readonly report: (cause: unknown) => void;
}

export interface Route<Input = unknown> {
  readonly method: 'get' | 'post';
  /** May hold a {name}. */
  readonly path: string;
  readonly summary: string;
  readonly roles: readonly Role[] | 'anyone';
  /** Of the JSON body of a post, or of the query of a get. */
  readonly input: z.ZodType<Input> | undefined;
  /** Octets of the body, where it may be longer than others. */
  readonly bodyLimit?: number;
  /** Where an answer may take longer than others. */
  readonly deadlineMs?: number;
  readonly output: z.ZodType;
  /** Besides those that every route may answer with. */
  readonly problems: readonly ProblemCode[];
  readonly handle: (call: Call<Input>) => Promise<object> | object;
}

/** Checks that `handle` takes what `input` lets through, and then forgets the type, so that routes fit into one table. */
export function route<Input>(definition: Route<Input>): Route {
  const { handle, input } = definition;
  return {
    ...definition,
    input,
    handle: (call) => handle(call as Call<Input>),
  };
}
