// Verifies consistency proofs of a log (RFC 6962 clause 2.1.2). A proof is read from its end, so that
// each step removes the hash of the outermost branch.
import { equalBytes } from '../bytes/bytes.ts';
import { nodeHash, splitOf } from './merkle.ts';

/** A tree of a log: its number of leaves and its root hash. */
export interface TreeHead {
  readonly size: number;
  readonly root: Uint8Array;
}

/** True iff `proof` shows that `tree` begins with all leaves of `earlier`, unchanged. */
export function isConsistent(earlier: TreeHead, tree: TreeHead, proof: readonly Uint8Array[]): boolean {
  if (!(earlier.size >= 1 && earlier.size <= tree.size)) return false;
  const rest = [...proof];
  /** Returns the root hashes of the earlier and of the later tree that the proof leads to. */
  const rootsOf = (part: number, size: number, isWhole: boolean): [Uint8Array, Uint8Array] | undefined => {
    if (part === size) {
      const hash = isWhole ? earlier.root : rest.pop();
      return hash && [hash, hash];
    }
    const split = splitOf(size);
    const hash = rest.pop();
    if (!hash) return undefined;
    if (part <= split) {
      const roots = rootsOf(part, split, isWhole);
      return roots && [roots[0], nodeHash(roots[1], hash)];
    }
    const roots = rootsOf(part - split, size - split, false);
    return roots && [nodeHash(hash, roots[0]), nodeHash(hash, roots[1])];
  };
  const roots = rootsOf(earlier.size, tree.size, true);
  return !!roots && rest.length === 0 && equalBytes(roots[0], earlier.root) && equalBytes(roots[1], tree.root);
}
