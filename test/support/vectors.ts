// Reads the third-party test vectors in test/vectors. The files are not imported, because the
// compiler would infer types for them, which is slow.
import { readFileSync } from 'node:fs';

/** Returns the rows of one file. `member` is the name of the array in the file. */
export function loadVectors<Row>(file: string, member = 'vectors'): Row[] {
  const path = new URL(`../vectors/${file}`, import.meta.url);
  return (JSON.parse(readFileSync(path, 'utf8')) as Record<string, Row[]>)[member] ?? [];
}
