// Writes a count with its noun in the singular or plural, for sentences of the page, the service
// and the command line.

/** Returns for example "1 unit", "2 units" or "0 entries". `format` formats the number. */
export function counted(count: number, noun: string, format: (count: number) => string = String): string {
  const plural = /[^aeiou]y$/.test(noun) ? `${noun.slice(0, -1)}ies` : `${noun}s`;
  return `${format(count)} ${count === 1 ? noun : plural}`;
}
