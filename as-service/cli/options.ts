// Parses the options of a command line. Each command describes its options as data.
import { parseArgs } from 'node:util';

export interface Option {
  /** Placeholder of the value in the help; undefined for a flag. */
  readonly value?: string;
  readonly multiple?: true;
  readonly required?: true;
  readonly default?: string;
}

/** Options by name, without dashes. */
export type Options = Readonly<Record<string, Option>>;

/** Options by name, each with the clause or sentence that explains it in the help. */
export type ExplainedOptions = Readonly<Record<string, Option & { readonly help: string }>>;

export const JSON_OPTION = { json: { help: 'prints JSON' } };
export const YES_OPTION = { yes: { help: 'destroys without asking for the name' } };

/** The values that parseArgs() returns, by the name of the option. */
export type Values = Readonly<Record<string, string | boolean | readonly (string | boolean)[] | undefined>>;

/** @throws TypeError of parseArgs() for an unknown option or a missing value */
export function parseOptions(args: readonly string[], options: Options, allowPositionals: boolean) {
  const entries = Object.entries(options).map(([name, { value, multiple = false, default: preset }]) => {
    const type = value === undefined ? ('boolean' as const) : ('string' as const);
    return [name, { type, multiple, ...(preset === undefined ? {} : { default: preset }) }] as const;
  });
  const parsed = parseArgs({ args: [...args], options: Object.fromEntries(entries), allowPositionals });
  return { values: parsed.values as Values, words: parsed.positionals };
}

/** Returns `--name VALUE`, or `--name` for a flag. */
export function synopsisOf(name: string, { value }: Option): string {
  return value === undefined ? `--${name}` : `--${name} ${value}`;
}
