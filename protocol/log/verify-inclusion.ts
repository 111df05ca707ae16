// Verifies inclusion proofs of a log (RFC 6962 clause 2.1.1). A proof is read from its end, so that each
// step removes the hash of the outermost branch. Apart from consistency proofs, because the page verifies
// those before its first key.
import { equalBytes } from '../bytes/bytes.ts';
import { HASH_LENGTH, nodeHash, splitOf } from './merkle.ts';
import type { TreeHead } from './verify-consistency.ts';

/** True iff `proof` shows that the tree contains the leaf with this index and hash. */
export function isIncluded(index: number, leaf: Uint8Array, tree: TreeHead, proof: readonly Uint8Array[]): boolean {
  if (!(index >= 0 && index < tree.size) || leaf.length !== HASH_LENGTH) return false;
  const rest = [...proof];
  const hashOf = (at: number, size: number): Uint8Array | undefined => {
    if (size === 1) return leaf;
    const split = splitOf(size);
    const sibling = rest.pop();
    const inner = sibling && (at < split ? hashOf(at, split) : hashOf(at - split, size - split));
    return inner && sibling && (at < split ? nodeHash(inner, sibling) : nodeHash(sibling, inner));
  };
  const root = hashOf(index, tree.size);
  return root !== undefined && rest.length === 0 && equalBytes(root, tree.root);
}
