// Parses the command line of test/run.ts. Pure.
import { parseArgs } from 'node:util';
import type { Part } from './test-files.ts';

export interface RunOptions {
  readonly part: Part;
  /** True to run the long part after the part `all`. */
  readonly thenLong: boolean;
  /**
   * The run uses only the test files whose path contains one of these words. Empty for all files.
   */
  readonly only: readonly string[];
  /** Seconds from the start of the run to the end of the long part; undefined for no limit. */
  readonly within: number | undefined;
  readonly help: boolean;
}

export const USAGE = `Usage:
  npm run check          formatting, lint, types and the quick tests, without a browser
  npm test               all of that, the slow tests, the build and the browser tests but those of
                         the long part
  npm run test:long      the long part: two builds, both Node versions, the browser tests tagged
                         @long, most of level 2, searches of the browser's memory, kills, level 3

Options, after "--":
  --only WORD[,WORD]     runs only the test files whose path contains one of the words, for example
                         --only orders or --only unit/web/journal; builds only for browser tests
  --then-long            with npm test: runs the long part afterwards
  --within SECONDS       the long part skips most of level 2, and level 3, if they do not fit into
                         this time, counted from the start
  --help                 prints this text

The run ends with the duration of each runner, the slowest files and tests, and one line
"N passed, N failed, N skipped".`;

/** @throws RangeError if the arguments are invalid; the caller prints the message */
export function parseOptions(args: readonly string[]): RunOptions {
  const { values } = parse(args);
  const { within } = values;
  if (within !== undefined && !/^\d+$/.test(within))
    throw new RangeError(`--within ${within} is no number of seconds.`);
  if ([values.quick, values.long, values['then-long']].filter(Boolean).length > 1) {
    throw new RangeError('--quick, --long and --then-long exclude each other.');
  }
  if (values.only && values['then-long']) throw new RangeError('--only and --then-long exclude each other.');
  const only = (values.only ?? []).flatMap((words) => words.split(',')).map((word) => word.trim());
  if (only.includes('')) throw new RangeError('--only needs a word, for example --only orders.');
  return {
    part: values.quick ? 'quick' : values.long ? 'long' : 'all',
    thenLong: values['then-long'] ?? false,
    only,
    within: within === undefined ? undefined : Number(within),
    help: values.help ?? false,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        quick: { type: 'boolean' },
        long: { type: 'boolean' },
        'then-long': { type: 'boolean' },
        only: { type: 'string', multiple: true },
        within: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    throw new RangeError(error instanceof Error ? error.message : String(error));
  }
}
