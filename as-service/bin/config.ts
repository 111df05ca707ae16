// Reads the configuration of the service: flags first, then the environment, then defaults.
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { CLI_COMMAND } from '../cli/cli-command.ts';
import { UserError } from '../common/user-error.ts';

export interface Config {
  readonly host: string;
  /** 0 for any free port. */
  readonly port: number;
  /** The data folder. */
  readonly directory: string;
  readonly keyFile: string;
  readonly sealingKey: string | undefined;
  /** Origins besides those of the service's own address. */
  readonly origins: readonly string[];
  /** The folder of the built page. */
  readonly web: string;
  readonly demo: boolean;
  /** Creates a set, keys and an operator at the first start, and an access code at each start. */
  readonly embedded: boolean;
  readonly exportsPerMinute: number;
}

type Environment = Readonly<Record<string, string | undefined>>;

export const SERVE_USAGE = `keyferry-as-serve: the AS as an HTTP service

  --port N          KEYFERRY_PORT      default 8787; 0 for any free port
  --host NAME       KEYFERRY_HOST      default 127.0.0.1
  --data FOLDER     KEYFERRY_DATA      default ./keyferry-as
  --key-file FILE   KEYFERRY_KEY_FILE  default sealing.key in the data folder
                    KEYFERRY_SEALING_KEY  32 bytes, hex or base64url, instead of a key file
  --origin URL,…    KEYFERRY_ORIGINS   origins at which browsers reach it, if not its own address
  --web FOLDER      KEYFERRY_WEB       the built page, default dist
  --exports-per-minute N               KEYFERRY_EXPORTS_PER_MINUTE, per operator, default 6000
  --demo            KEYFERRY_DEMO=1    serve the published demo sets and the demo page too
  --embedded        the default: create a set, keys and an operator at the first start
  --standalone      KEYFERRY_STANDALONE=1  create nothing: ${CLI_COMMAND} adds sets and operators
  --help`;

/** @throws UserError for a wrong flag or value */
export function readConfig(args: readonly string[], environment: Environment): Config | 'help' {
  const flags = parseFlags(args);
  if (flags.help) return 'help';
  if (flags.embedded && flags.standalone) throw new UserError('Choose --embedded or --standalone, not both.');
  const directory = resolve(flags.data ?? environment.KEYFERRY_DATA ?? 'keyferry-as');
  const origins = (flags.origin ?? environment.KEYFERRY_ORIGINS ?? environment.KEYFERRY_ORIGIN ?? '').split(/[\s,]+/);
  return {
    host: flags.host ?? environment.KEYFERRY_HOST ?? '127.0.0.1',
    port: wholeNumber('port', flags.port ?? environment.KEYFERRY_PORT ?? '8787', 0, 65535),
    directory,
    keyFile: resolve(flags['key-file'] ?? environment.KEYFERRY_KEY_FILE ?? `${directory}/sealing.key`),
    sealingKey: environment.KEYFERRY_SEALING_KEY,
    origins: origins.filter((text) => text !== '').map(parseOrigin),
    web: resolve(flags.web ?? environment.KEYFERRY_WEB ?? 'dist'),
    demo: flags.demo ?? isOn(environment.KEYFERRY_DEMO),
    embedded: flags.embedded ?? !(flags.standalone ?? isOn(environment.KEYFERRY_STANDALONE)),
    exportsPerMinute: wholeNumber(
      'exports-per-minute',
      flags['exports-per-minute'] ?? environment.KEYFERRY_EXPORTS_PER_MINUTE ?? '6000',
      1,
      1_000_000_000,
    ),
  };
}

function parseFlags(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        port: { type: 'string' },
        host: { type: 'string' },
        data: { type: 'string' },
        'key-file': { type: 'string' },
        origin: { type: 'string' },
        web: { type: 'string' },
        'exports-per-minute': { type: 'string' },
        demo: { type: 'boolean' },
        embedded: { type: 'boolean' },
        standalone: { type: 'boolean' },
        help: { type: 'boolean' },
      },
    }).values;
  } catch (cause) {
    throw new UserError(`${cause instanceof Error ? cause.message : String(cause)}\n\n${SERVE_USAGE}`);
  }
}

function isOn(value: string | undefined): boolean {
  return value === '1' || value === 'true';
}

function wholeNumber(what: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= min && value <= max) return value;
  throw new UserError(`${what} must be a whole number from ${min} to ${max}, not "${text}".`);
}

function parseOrigin(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.origin !== text.replace(/\/$/, '')) {
    throw new UserError(`"${text}" is not an origin. Write it like https://keys.example.org, without a path.`);
  }
  return url.origin;
}
