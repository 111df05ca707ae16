// Simulates an attacker who has the disk of the service but not its sealing key: rewrites audit.log
// with a complete hash chain.
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';

export interface ForgedLine {
  entry: Record<string, unknown> & { event: string; details: Record<string, unknown> };
  hash: string;
  sealed?: string;
  mac?: string;
}

export async function readLines(path: string): Promise<ForgedLine[]> {
  const text = await readFile(path, 'utf8');
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as ForgedLine);
}

/** Writes the lines with new numbers and a new hash chain. Their MACs do not change. */
export async function writeChained(path: string, lines: readonly ForgedLine[]): Promise<void> {
  let previous = 'A'.repeat(43);
  const texts = lines.map(({ entry, sealed, mac }, index) => {
    const chained = JSON.stringify({ ...entry, sequence: index + 1, previous });
    previous = createHash('sha256').update(chained).digest('base64url');
    const tail = [
      ...(sealed === undefined ? [] : [`"sealed":"${sealed}"`]),
      ...(mac === undefined ? [] : [`"mac":"${mac}"`]),
    ];
    return `{${[`"entry":${chained}`, `"hash":"${previous}"`, ...tail].join(',')}}\n`;
  });
  await writeFile(path, texts.join(''));
}

/** Returns a line with the members that the service writes. */
export function newLine(event: string, actor: string | null, details: Record<string, unknown>): ForgedLine {
  const time = new Date().toISOString();
  return { entry: { sequence: 0, time, previous: '', event, actor, details }, hash: '' };
}
