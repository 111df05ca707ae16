// Prints an object of the service for other programs.

/** Returns the lines of the JSON text. Names are those of docs/as.md; SET, REF and SN are hex digits. */
export function jsonLines(value: unknown): readonly string[] {
  return JSON.stringify(value, null, 2).split('\n');
}
