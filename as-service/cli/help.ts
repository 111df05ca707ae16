// Help of the command line, generated from the command table.
import { cliCommand } from './cli-command.ts';
import type { Command, Commands } from './command.ts';
import { type ExplainedOptions, type Option, synopsisOf } from './options.ts';

const WIDTH = 100;
const NOTES = `An option with … may be repeated: --line 0103:0002 --line 0104:0001.
SET, REF1, REF2, SN, NUMBER and keys in files are hex digits. The file - is standard input.

Options of every command:
  --data FOLDER     KEYFERRY_DATA      default ./keyferry-as
  --key-file FILE   KEYFERRY_KEY_FILE  default sealing.key in the data folder; or KEYFERRY_SEALING_KEY
  --demo            KEYFERRY_DEMO=1    permit demo sets`;

export function helpOfAll(commands: Commands): string {
  const title = `keyferry-as (${cliCommand()}): manages the AS of a data folder, also while its service runs`;
  const all = Object.entries(commands).map(([name, command]) => describe(name, command));
  return [
    title,
    ...all,
    'COMMAND --help explains the options of a command. --version prints version and build.',
    NOTES,
  ].join('\n\n');
}

export function helpOf(name: string, command: Command): string {
  const options = Object.entries(command.options ?? {}).map(([option, facts]) => explainOption(option, facts));
  return [describe(name, command), ...(options.length === 0 ? [] : [options.join('\n')]), NOTES].join('\n\n');
}

function describe(name: string, { words, options = {}, help }: Command): string {
  const synopsis = [
    `keyferry-as ${name}`,
    ...(words === undefined ? [] : [words]),
    ...Object.entries(options).map(([option, facts]) => describeOption(option, facts)),
  ];
  return [...wrap(synopsis, '      '), ...wrap(help.split(' '), '    ', '    ')].join('\n');
}

/** Returns the synopsis of an option and, indented, its explanation. */
function explainOption(name: string, option: ExplainedOptions[string]): string {
  return [`  ${synopsisOf(name, option)}`, ...wrap(option.help.split(' '), '      ', '      ')].join('\n');
}

function describeOption(name: string, option: Option): string {
  const text = synopsisOf(name, option);
  return `${option.required ? text : `[${text}]`}${option.multiple ? '…' : ''}`;
}

/**
 * Wraps `parts` to lines of at most WIDTH characters. `indent` precedes every line but the first.
 */
function wrap(parts: readonly string[], indent: string, first = ''): string[] {
  const lines: string[] = [];
  let line = first;
  for (const part of parts) {
    if (line.trim() !== '' && line.length + 1 + part.length > WIDTH) {
      lines.push(line);
      line = indent;
    }
    line += line.trim() === '' ? part : ` ${part}`;
  }
  return [...lines, line];
}
