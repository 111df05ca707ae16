// Parses a command line into a request, using the command table.
import { UserError } from '../common/user-error.ts';
import type { CliRequest, Command, Commands } from './command.ts';
import { helpOf, helpOfAll } from './help.ts';
import { LOG_COMMANDS } from './log-commands.ts';
import { OPERATOR_COMMANDS } from './operator-commands.ts';
import { parseOptions, type Values } from './options.ts';
import { ORDER_COMMANDS } from './order-commands.ts';
import { SET_COMMANDS } from './set-commands.ts';
import { SITE_COMMANDS } from './site-commands.ts';
import { VAULT_COMMANDS } from './vault-commands.ts';

const COMMANDS: Commands = {
  ...SET_COMMANDS,
  ...OPERATOR_COMMANDS,
  ...ORDER_COMMANDS,
  ...VAULT_COMMANDS,
  ...SITE_COMMANDS,
  ...LOG_COMMANDS,
};
const COMMON_OPTIONS = { data: { value: 'FOLDER' }, 'key-file': { value: 'FILE' }, demo: {} };
/** Maximum number of words of a command that takes a list. */
const MAX_WORDS = 1000;

export interface CommandLine {
  readonly request: CliRequest;
  readonly values: { readonly data?: string; readonly 'key-file'?: string; readonly demo?: boolean };
}

/**
 * Reads a command, or a request for help or for the version.
 * @throws UserError with the cause and the help
 */
export function readCommandLine(
  args: readonly string[],
): CommandLine | { readonly help: string } | { readonly version: true } {
  if (args[0] === '--version') return { version: true };
  const end = args.findIndex((arg) => arg.startsWith('-'));
  const leading = args.slice(0, end < 0 ? args.length : end);
  const typed = leading.slice(0, 2).join(' ');
  const name = [typed, leading[0] ?? ''].find((each) => Object.hasOwn(COMMANDS, each));
  const command = name === undefined ? undefined : COMMANDS[name];
  if (name === undefined || command === undefined) {
    if (args.length === 0 || args.includes('--help')) return { help: helpOfAll(COMMANDS) };
    throw new UserError(`There is no command "${typed}".\n\n${helpOfAll(COMMANDS)}`);
  }
  if (args.includes('--help')) return { help: helpOf(name, command) };
  const { values, words } = parse(args.slice(name.split(' ').length), name, command);
  const { data, 'key-file': keyFile, demo } = values;
  return {
    request: command.request(words, values),
    values: {
      ...(typeof data === 'string' ? { data } : {}),
      ...(typeof keyFile === 'string' ? { 'key-file': keyFile } : {}),
      ...(demo === true ? { demo } : {}),
    },
  };
}

function parse(args: readonly string[], name: string, command: Command): { values: Values; words: string[] } {
  const refuse = (why: string) => new UserError(`${why}\n\n${helpOf(name, command)}`);
  let parsed: ReturnType<typeof parseOptions>;
  try {
    parsed = parseOptions(args, { ...command.options, ...COMMON_OPTIONS }, true);
  } catch (cause) {
    throw refuse(cause instanceof Error ? cause.message : String(cause));
  }
  const expected = command.words?.split(' ') ?? [];
  const min = expected.filter((word) => !word.startsWith('[')).length;
  const max = expected.some((word) => word.includes('…')) ? MAX_WORDS : expected.length;
  const { length } = parsed.words;
  if (length >= min && length <= max) return parsed;
  throw refuse(`"${name}" takes ${min === max ? min : `at least ${min}`} ${min === 1 ? 'word' : 'words'}.`);
}
