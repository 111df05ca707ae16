// One command of the command line: its words and options, and the request that they make.
import type { ParseArgsConfig } from 'node:util';
import type { AdminRequest } from './admin-requests.ts';
import type { Values } from './arguments.ts';
import type { LogRequest } from './log-requests.ts';

export interface Command {
  readonly options: ParseArgsConfig['options'];
  /** Minimum and maximum number of words after the command's name. */
  readonly words: readonly [number, number];
  readonly request: (words: readonly string[], values: Values) => AdminRequest | LogRequest;
}
