// The checkpoint of the log (C2SP tlog-checkpoint): size and root of its tree, as a signed note.
import { requireLength } from '../bytes/bytes.ts';
import { IntegrityError } from '../errors.ts';
import { rootFingerprint, type Signer, type Verify } from '../signing/envelope.ts';
import { fromBase64, toBase64 } from './base64.ts';
import { HASH_LENGTH } from './merkle.ts';
import { openNote, signNote } from './note.ts';
import type { TreeHead } from './verify-consistency.ts';

/**
 * Returns the origin of the log of an AS. It names the root key, because the root identifies the AS
 * at each of its addresses (docs/protocol.md clause 9).
 */
export function logOrigin(rootKey: Uint8Array): string {
  return `keyferry/${rootFingerprint(rootKey)}`;
}

/** Returns the text that is signed. */
function checkpointText(origin: string, { size, root }: TreeHead): string {
  requireLength('root', root, HASH_LENGTH);
  if (!Number.isSafeInteger(size) || size < 0) throw new RangeError(`${size} is not the size of a tree`);
  return `${origin}\n${size}\n${toBase64(root)}\n`;
}

export function signCheckpoint(origin: string, tree: TreeHead, signer: Signer): Promise<string> {
  return signNote(checkpointText(origin, tree), origin, signer);
}

/**
 * Verifies a checkpoint of the AS with this root key. One of `keys`, which the root certified for
 * audit heads, must have signed it.
 * @throws IntegrityError for another origin, a wrong signature or a malformed text
 */
export async function openCheckpoint(
  checkpoint: string,
  root: Uint8Array,
  keys: readonly Uint8Array[],
  verify: Verify,
): Promise<TreeHead> {
  const name = logOrigin(root);
  for (const publicKey of keys) {
    try {
      return readTree(await openNote(checkpoint, { name, publicKey }, verify), name);
    } catch (cause) {
      if (!(cause instanceof IntegrityError)) throw cause;
    }
  }
  throw new IntegrityError();
}

/** Reads the text of a checkpoint. Extension lines are ignored. @throws IntegrityError */
function readTree(text: string, origin: string): TreeHead {
  const [first, size = '', root = '', ...extensions] = text.split('\n');
  const isComplete = extensions.pop() === '' && extensions.every((line) => line !== '');
  if (first !== origin || !isComplete || !/^(0|[1-9]\d{0,15})$/.test(size)) throw new IntegrityError();
  try {
    const tree = { size: Number(size), root: fromBase64(root) };
    if (Number.isSafeInteger(tree.size) && tree.root.length === HASH_LENGTH) return tree;
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
  }
  throw new IntegrityError();
}
