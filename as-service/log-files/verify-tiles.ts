// Verifies the files of a C2SP log, as "log export" writes them, with the root key alone. Needs
// neither the service nor its keys.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { equalBytes } from '#protocol/bytes/bytes.ts';
import { fromUtf8, toBase64url } from '#protocol/bytes/text.ts';
import { isSignedBy } from '#protocol/crypto/ed25519.ts';
import { sha256 } from '#protocol/crypto/prf.ts';
import { IntegrityError } from '#protocol/errors.ts';
import { parseJson, readDocument } from '#protocol/json/document.ts';
import { openCheckpoint } from '#protocol/log/checkpoint.ts';
import { leafHash } from '#protocol/log/merkle.ts';
import { decodeBundle, decodeTile, TILE_WIDTH, tilePath, tilesOf } from '#protocol/log/tiles.ts';
import { LogTree } from '#protocol/log/tree.ts';
import type { TreeHead } from '#protocol/log/verify-consistency.ts';
import { Certificates } from '#protocol/service/certificates.ts';
import { type TrustJson, trustSchema } from '#protocol/service/messages.ts';
import { counted } from '#protocol/text/counted.ts';
import { FIRST_PREVIOUS } from '../audit-log/audit-line.ts';
import { broken } from '../audit-log/scan-log.ts';
import { toUserError } from '../common/to-user-error.ts';
import { UserError } from '../common/user-error.ts';
import { isSystemError } from '../storage/atomic-file.ts';
import { CHECKPOINT_FILE, TRUST_FILE } from './log-export.ts';

interface TileOptions {
  readonly root?: Uint8Array | null;
  readonly seen?: string;
}

/** @throws UserError naming the first file or entry that is wrong */
export async function verifyTiles(folder: string, { root, seen }: TileOptions): Promise<readonly string[]> {
  if (!root) throw new UserError('--root is missing: the root key in full, as "trust" prints it.');
  const keys = await headKeys(await read(folder, TRUST_FILE), root);
  const checkpoint = fromUtf8(await read(folder, CHECKPOINT_FILE));
  const { size, root: treeRoot } = await openSigned(checkpoint, root, keys, (cause) =>
    wrong(CHECKPOINT_FILE, UNSIGNED, cause),
  );
  const tree = new LogTree();
  const chain = { previous: FIRST_PREVIOUS };
  const tiles = tilesOf(size);
  for (const tile of tiles.filter(({ level }) => level === 'entries')) {
    const name = tilePath(tile);
    const leaves = await decoded(name, async () => decodeBundle(await read(folder, name), tile.width));
    const hashName = tilePath({ ...tile, level: 0 });
    const hashes = await decoded(hashName, async () => decodeTile(await read(folder, hashName), tile.width));
    for (const [at, leaf] of leaves.entries()) {
      const sequence = tile.index * TILE_WIDTH + at + 1;
      const hash = leafHash(leaf);
      if (!equalBytes(hash, hashes[at] ?? new Uint8Array(0))) throw broken(sequence, 'its hash is not in its tile');
      chain.previous = requireLinked(leaf, sequence, chain.previous);
      tree.append(hash);
    }
  }
  for (const tile of tiles) {
    const content = tree.tile(tile, size);
    if (content === undefined) continue;
    if (!equalBytes(content, await read(folder, tilePath(tile))))
      throw wrong(tilePath(tile), 'is not that of the entries');
  }
  if (!equalBytes(tree.rootOf(size), treeRoot)) {
    throw new UserError('The entries are not those that the checkpoint signs. Keep this copy as evidence.');
  }
  if (seen !== undefined) await requireSeen(tree, { checkpoint: seen, root, keys });
  return [
    `The log is complete: ${counted(size, 'entry')}, each under the signed checkpoint.`,
    seen === undefined
      ? 'Keep the checkpoint. With --seen, a later log is compared with it.'
      : 'The log begins with the entries of the checkpoint that was kept.',
  ];
}

/** A checkpoint that was kept, and what verifies its signature. */
export interface SeenCheckpoint {
  readonly checkpoint: string;
  readonly root: Uint8Array;
  /** The keys that the root certified for audit heads. */
  readonly keys: readonly Uint8Array[];
}

/**
 * Requires that the log begins with the entries of a checkpoint that was kept.
 * @throws UserError
 */
export async function requireSeen(tree: LogTree, { checkpoint, root, keys }: SeenCheckpoint): Promise<void> {
  const seen = await openSigned(checkpoint, root, keys, (cause) => {
    const message = `The checkpoint of --seen ${UNSIGNED}. Use the file that was kept, and the root key of this AS.`;
    return new UserError(message, { cause });
  });
  if (seen.size <= tree.size && equalBytes(tree.rootOf(seen.size), seen.root)) return;
  throw new UserError(
    `The log does not begin with the ${counted(seen.size, 'entry')} of the checkpoint that was kept: it was rewritten, truncated or forked. Keep both as evidence.`,
  );
}

const UNSIGNED = 'is not signed by a key for audit heads of this root key';

/** Returns the tree of a checkpoint that is signed by one of the keys. */
async function openSigned(
  checkpoint: string,
  root: Uint8Array,
  keys: readonly Uint8Array[],
  refuse: (cause: IntegrityError) => UserError,
): Promise<TreeHead> {
  return openCheckpoint(checkpoint, root, keys, isSignedBy).catch((cause: unknown) => {
    throw cause instanceof IntegrityError ? refuse(cause) : cause;
  });
}

/**
 * Returns the keys that the root certified for audit heads. `content` is the text of trust.json.
 * @throws UserError
 */
export async function headKeys(content: string | Uint8Array, root: Uint8Array): Promise<readonly Uint8Array[]> {
  try {
    const trust: TrustJson = readDocument(trustSchema, parseJson(content, TRUST_FILE), TRUST_FILE);
    return (await Certificates.from(root, trust.certificates, isSignedBy)).keysFor('audit-head');
  } catch (cause) {
    if (cause instanceof IntegrityError) throw wrong(TRUST_FILE, 'is not of this root key');
    throw toUserError(cause);
  }
}

/** Returns the hash of the entry. @throws UserError if it does not continue the chain */
function requireLinked(leaf: Uint8Array, sequence: number, previous: string): string {
  const entry = malformed(
    `Entry ${sequence}`,
    () => JSON.parse(fromUtf8(leaf)) as { sequence?: unknown; previous?: unknown },
  );
  if (entry.sequence !== sequence) throw broken(sequence, `its number is ${String(entry.sequence)}`);
  if (entry.previous !== previous) throw broken(sequence, 'it does not continue the previous entry');
  return toBase64url(sha256(leaf));
}

async function read(folder: string, name: string): Promise<Uint8Array> {
  return readFile(join(folder, name)).catch((cause: unknown) => {
    throw isSystemError(cause, 'ENOENT') ? wrong(name, 'is missing') : cause;
  });
}

async function decoded<Content>(name: string, decode: () => Promise<Content>): Promise<Content> {
  return decode().catch((cause: unknown) => {
    throw cause instanceof SyntaxError ? wrong(name, 'has a wrong length', cause) : cause;
  });
}

function malformed<Value>(what: string, decode: () => Value): Value {
  try {
    return decode();
  } catch (cause) {
    if (cause instanceof IntegrityError || cause instanceof SyntaxError) {
      throw new UserError(`${what} is malformed.`, { cause });
    }
    throw cause;
  }
}

function wrong(name: string, why: string, cause?: unknown): UserError {
  return new UserError(`${name} ${why}. Keep this copy as evidence, and export the log again.`, { cause });
}
