// Reads environment variables. Removes the characters that editors, shells and container tools
// leave around a value.

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Returns the value without blanks, line ends and quotes around it. Undefined if nothing is left.
 */
export function readVariable(environment: Environment, name: string): string | undefined {
  const value = environment[name]?.replaceAll('\u200B', '').trim();
  const inner = value === undefined ? undefined : (/^(["'])(.*)\1$/.exec(value)?.[2] ?? value);
  return inner === '' ? undefined : inner;
}
