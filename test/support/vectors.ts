// Reads the third-party test vectors of test/vectors. Read at run time: their types would slow the
// compiler down.
import { readFileSync } from 'node:fs';

/** The rows of one file; `member` names the array. */
export function loadVectors<Row>(file: string, member = 'vectors'): Row[] {
  const path = new URL(`../vectors/${file}`, import.meta.url);
  return (JSON.parse(readFileSync(path, 'utf8')) as Record<string, Row[]>)[member] ?? [];
}
