// One CLI command: its name, options and help text, and the request that it builds.
import type { VerifyRequest } from '../release/verify-deployment.ts';
import type { SiteRequest } from '../site/site-requests.ts';
import type { AdminRequest } from './admin-requests.ts';
import type { LogRequest } from './log-requests.ts';
import type { ExplainedOptions, Values } from './options.ts';

export type CliRequest = AdminRequest | LogRequest | SiteRequest | VerifyRequest;

export interface Command {
  /** Words after the name, in the notation of the help: [WORD] is optional, WORD… is repeated. */
  readonly words?: string;
  readonly options?: ExplainedOptions;
  readonly help: string;
  readonly request: (words: readonly string[], values: Values) => CliRequest;
}

/** The commands by name. A name has one or two words. */
export type Commands = Readonly<Record<string, Command>>;
