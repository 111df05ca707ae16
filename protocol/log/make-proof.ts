// Names the hashes of a proof (RFC 6962 clauses 2.1.1 and 2.1.2) as ranges of leaves, in the
// sequence of the proof. The log then reads the hash of each range from its tree.
import { type LeafRange, splitOf } from './merkle.ts';

/** Returns the ranges that prove that a tree of `size` leaves contains leaf `index`. */
export function inclusionRanges(index: number, size: number): LeafRange[] {
  if (!(index >= 0 && index < size)) throw new RangeError(`a tree of ${size} leaves has no leaf ${index}`);
  return pathOf(index, { begin: 0, end: size });
}

function pathOf(index: number, { begin, end }: LeafRange): LeafRange[] {
  if (end - begin === 1) return [];
  const middle = begin + splitOf(end - begin);
  const [left, right] = [
    { begin, end: middle },
    { begin: middle, end },
  ];
  return index < middle ? [...pathOf(index, left), right] : [...pathOf(index, right), left];
}

/** Returns the ranges that prove that a tree of `size` leaves begins with the tree of `earlier` leaves. */
export function consistencyRanges(earlier: number, size: number): LeafRange[] {
  if (!(earlier >= 1 && earlier <= size)) throw new RangeError(`${size} leaves do not begin with ${earlier}`);
  return subproofOf(earlier, { begin: 0, end: size }, true);
}

function subproofOf(earlier: number, range: LeafRange, isWhole: boolean): LeafRange[] {
  const { begin, end } = range;
  if (earlier === end) return isWhole ? [] : [range];
  const middle = begin + splitOf(end - begin);
  const [left, right] = [
    { begin, end: middle },
    { begin: middle, end },
  ];
  return earlier <= middle
    ? [...subproofOf(earlier, left, isWhole), right]
    : [...subproofOf(earlier, right, false), left];
}
