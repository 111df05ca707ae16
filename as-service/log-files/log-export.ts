// Writes the audit log as the files of a C2SP log (docs/protocol.md clause 6.3), for auditors:
// checkpoint, tiles, entry bundles, and trust.json with the certificates of the signing keys.
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { encodeBundle, TILE_WIDTH, type Tile, tilePath, tilesOf } from '#protocol/log/tiles.ts';
import { counted } from '#protocol/text/counted.ts';
import { leafOf } from '../audit-log/audit-line.ts';
import type { AuditLog } from '../audit-log/audit-log.ts';
import type { As } from '../service/as.ts';
import { isSystemError } from '../storage/atomic-file.ts';
import { existingFile, writeOutputFile } from '../storage/output-file.ts';

export const CHECKPOINT_FILE = 'checkpoint';
export const TRUST_FILE = 'trust.json';

/**
 * Writes the log into a new folder.
 * @throws UserError when the folder exists
 */
export async function exportLog(as: As, folder: string): Promise<string[]> {
  const { log, signatures } = as;
  const size = log.head.sequence;
  const checkpoint = await as.signCheckpoint();
  await mkdir(folder).catch((cause: unknown) => {
    throw isSystemError(cause, 'EEXIST') ? existingFile(folder) : cause;
  });
  const write = async (name: string, content: string | Uint8Array) => {
    const path = join(folder, name);
    await mkdir(dirname(path), { recursive: true });
    await writeOutputFile(path, Buffer.from(content));
  };
  await write(CHECKPOINT_FILE, checkpoint);
  await write(TRUST_FILE, JSON.stringify(signatures.trust));
  for (const tile of tilesOf(size)) await write(tilePath(tile), await contentOf(log, tile, size));
  return [
    `Wrote the checkpoint and the tiles of ${counted(size, 'entry')} to ${folder}.`,
    `"log verify --tiles ${folder} --root KEY" verifies them without the service and its keys. KEY is the root key in full, as "trust" prints it.`,
  ];
}

async function contentOf(log: AuditLog, tile: Tile, size: number): Promise<Uint8Array> {
  if (tile.level !== 'entries') return log.tree.tile(tile, size) ?? new Uint8Array(0);
  const first = tile.index * TILE_WIDTH + 1;
  const records = await log.read(first, first + tile.width - 1);
  return encodeBundle(records.map(({ entry }) => leafOf(entry)));
}
