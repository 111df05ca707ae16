// Reads the configuration of the service: flags first, then the environment, then defaults.
import { join, resolve } from 'node:path';
import { cliCommand } from '../cli/cli-command.ts';
import { type Option, parseOptions, synopsisOf, type Values } from '../cli/options.ts';
import { type Environment, readVariable } from '../common/environment.ts';
import { UserError } from '../common/user-error.ts';
import { LOG_FORMATS, type LogFormat } from './event-log.ts';
import { isLoopback } from './loopback.ts';

export interface Config {
  readonly host: string;
  /** 0 for any free port. */
  readonly port: number;
  /** The data folder. */
  readonly directory: string;
  readonly keyFile: string;
  readonly sealingKey: string | undefined;
  /** Origins at which browsers reach this service besides those of its own address. */
  readonly origins: readonly string[];
  /** Origins of pages on other servers. Requests of these pages are served only under /v1/. */
  readonly pageOrigins: readonly string[];
  /** The folder of the built page. */
  readonly web: string;
  readonly demo: boolean;
  /**
   * Whether the service creates a set, keys and an operator at its first start, and an access code
   * at each start.
   */
  readonly embedded: boolean;
  readonly exportsPerMinute: number;
  /** Token that reads /metrics; at least 20 characters. Undefined if there are no metrics. */
  readonly metricsToken: string | undefined;
  /** Format of the log on standard error. */
  readonly log: LogFormat;
  /** Whether the service starts even if the newest log entry is far ahead of the clock. */
  readonly acceptClock: boolean;
}

/** The flags, each with its environment variable. */
const FLAGS: Readonly<Record<string, Option & { readonly variable?: string; readonly help: string }>> = {
  port: { value: 'N', variable: 'KEYFERRY_PORT', help: 'default 8787; 0 for any free port' },
  host: { value: 'NAME', variable: 'KEYFERRY_HOST', help: 'default 127.0.0.1' },
  data: { value: 'FOLDER', variable: 'KEYFERRY_DATA', help: 'default ./keyferry-as' },
  'key-file': {
    value: 'FILE',
    variable: 'KEYFERRY_KEY_FILE',
    help: 'default sealing.key in the data folder; or KEYFERRY_SEALING_KEY: 32 bytes, hex or base64url',
  },
  origin: {
    value: 'URL,…',
    variable: 'KEYFERRY_ORIGINS',
    help: 'origins at which browsers reach the service, if not its own address',
  },
  'allow-origin': {
    value: 'URL',
    multiple: true,
    variable: 'KEYFERRY_ALLOW_ORIGINS',
    help: 'an origin whose pages may call the service, if another server serves the page; may be repeated',
  },
  web: { value: 'FOLDER', variable: 'KEYFERRY_WEB', help: 'folder of the built page, default the one above serve.js' },
  'exports-per-minute': { value: 'N', variable: 'KEYFERRY_EXPORTS_PER_MINUTE', help: 'per operator, default 6000' },
  demo: { variable: 'KEYFERRY_DEMO', help: 'serve the published demo sets and the demo page too' },
  embedded: { help: 'the default: create a set, keys and an operator at the first start' },
  standalone: { variable: 'KEYFERRY_STANDALONE', help: `create no set, key or operator; ${cliCommand()} adds them` },
  log: { value: 'FORMAT', variable: 'KEYFERRY_LOG', help: 'text or json: the log on standard error; default text' },
  'accept-clock': { help: 'confirm once that the clock is right, after an earlier start with a clock that was ahead' },
  help: { help: 'show this text' },
};

export const SERVE_HELP = [
  'keyferry-as-serve: the AS as an HTTP service\n',
  ...Object.entries(FLAGS).map(([name, flag]) => {
    const { variable = '', value, help } = flag;
    const setting = variable !== '' && value === undefined ? `${variable}=1` : variable;
    return `  ${synopsisOf(name, flag).padEnd(24)}${setting}\n      ${help}`;
  }),
].join('\n');

/**
 * `programFolder` contains serve.js. The build writes the page beside it, so the page is found from
 * any working folder.
 * @throws UserError for a wrong flag or value
 */
export function readConfig(args: readonly string[], environment: Environment, programFolder: string): Config | 'help' {
  const values = parseFlags(args);
  const variable = (name: string) => readVariable(environment, FLAGS[name]?.variable ?? '');
  const text = (name: string) => (typeof values[name] === 'string' ? values[name] : variable(name));
  const isSet = (name: string) => values[name] === true || /^(1|true)$/i.test(variable(name) ?? '');
  if (values.help) return 'help';
  if (values.embedded && values.standalone) throw new UserError('Choose --embedded or --standalone, not both.');
  const directory = resolve(text('data') ?? 'keyferry-as');
  const repeated = (name: string) => (Array.isArray(values[name]) ? values[name].join(' ') : variable(name));
  const exportsPerMinute = text('exports-per-minute') ?? '6000';
  return {
    host: text('host') ?? '127.0.0.1',
    port: wholeNumber('port', text('port') ?? '8787', 0, 65535),
    directory,
    keyFile: resolve(text('key-file') ?? `${directory}/sealing.key`),
    sealingKey: readVariable(environment, 'KEYFERRY_SEALING_KEY'),
    origins: listed(text('origin') ?? readVariable(environment, 'KEYFERRY_ORIGIN')).map(parseOrigin),
    pageOrigins: listed(repeated('allow-origin')).map(parsePageOrigin),
    web: resolve(text('web') ?? join(programFolder, '..')),
    demo: isSet('demo'),
    embedded: values.embedded === true || !isSet('standalone'),
    metricsToken: parseToken(readVariable(environment, 'KEYFERRY_METRICS_TOKEN')),
    log: parseLogFormat(text('log') ?? 'text'),
    acceptClock: values['accept-clock'] === true,
    exportsPerMinute: wholeNumber('exports-per-minute', exportsPerMinute, 1, 1_000_000_000),
  };
}

function parseFlags(args: readonly string[]): Values {
  try {
    return parseOptions(args, FLAGS, false).values;
  } catch (cause) {
    throw new UserError(`${cause instanceof Error ? cause.message : String(cause)}\n\n${SERVE_HELP}`);
  }
}

function wholeNumber(what: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= min && value <= max) return value;
  throw new UserError(`${what} must be a whole number from ${min} to ${max}, not "${text}".`);
}

/** @throws UserError for a token that could be guessed */
function parseToken(token: string | undefined): string | undefined {
  if (token === undefined || /^\S{20,}$/.test(token)) return token;
  throw new UserError('KEYFERRY_METRICS_TOKEN needs at least 20 characters without blanks.');
}

function parseLogFormat(text: string): LogFormat {
  const format = LOG_FORMATS.find((each) => each === text);
  if (format !== undefined) return format;
  throw new UserError(`log must be text or json, not "${text}".`);
}

/** Splits a list whose entries are separated by blanks or commas. */
function listed(text = ''): readonly string[] {
  return text.split(/[\s,]+/).filter((entry) => entry !== '');
}

function parseOrigin(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const origin = url !== undefined && /^https?:$/.test(url.protocol) && !url.hostname.includes('*') && url.origin;
  if (origin === text.replace(/\/$/, '')) return origin;
  const example = origin || 'https://keys.example.org';
  throw new UserError(`"${text}" is not an origin. Write it like ${example}, without a path.`);
}

/**
 * Parses the origin of a page on another server. Requires HTTPS except on loopback, because
 * browsers offer WebUSB and Web Serial nowhere else.
 */
function parsePageOrigin(text: string): string {
  const origin = parseOrigin(text);
  const { protocol, host, hostname } = new URL(origin);
  if (protocol === 'https:' || isLoopback(hostname)) return origin;
  throw new UserError(`"${text}" does not use HTTPS, so browsers offer its page no units. Write https://${host}.`);
}
