// Shape of one command of the command line: its words, options and help, and the request that it
// makes.
import type { AdminRequest } from './admin-requests.ts';
import type { Values } from './arguments.ts';
import type { LogRequest } from './log-requests.ts';

export interface CommandOption {
  /** Placeholder of the value in the help; undefined for a flag. */
  readonly value?: string;
  readonly multiple?: true;
  readonly required?: true;
  readonly default?: string;
}

export interface Command {
  /** Words after the name, as in the help: [WORD] is optional, WORD… is repeated. */
  readonly words?: string;
  readonly options?: Readonly<Record<string, CommandOption>>;
  readonly help: string;
  readonly request: (words: readonly string[], values: Values) => AdminRequest | LogRequest;
}

/** By name: one word or two. */
export type Commands = Readonly<Record<string, Command>>;
