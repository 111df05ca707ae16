// One command of the command line: its words, options and help, and the request that it makes.
import type { AdminRequest } from './admin-requests.ts';
import type { LogRequest } from './log-requests.ts';
import type { Options, Values } from './options.ts';

export interface Command {
  /** Words after the name, as in the help: [WORD] is optional, WORD… is repeated. */
  readonly words?: string;
  readonly options?: Options;
  readonly help: string;
  readonly request: (words: readonly string[], values: Values) => AdminRequest | LogRequest;
}

/** By name: one word or two. */
export type Commands = Readonly<Record<string, Command>>;
