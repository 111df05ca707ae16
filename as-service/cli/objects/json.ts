// Prints an object of the service for other programs.

/** Returns the lines of the JSON text. The caller writes SET, REF1, REF2 and SN as hex digits. */
export function jsonLines(value: unknown): readonly string[] {
  return JSON.stringify(value, null, 2).split('\n');
}
