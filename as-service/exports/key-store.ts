// Reads T and TA from the state, for exports and receipts.
import { getRandomValues } from 'node:crypto';
import { transportKeyStore } from '#protocol/as-unit/transport-key-store.ts';
import type { KeyStore } from '#protocol/as-unit/tree-key-crypto.ts';
import { copy } from '#protocol/bytes/bytes.ts';
import { hexNumber } from '#protocol/bytes/hex.ts';
import { ProtocolError } from '#protocol/errors.ts';
import { requireEnabled } from '../sets/key-status.ts';
import type { Signatures } from '../signing/signing.ts';
import type { SetState, State } from '../storage/state.ts';

export function createKeyStore(state: () => State, signatures: () => Signatures): KeyStore {
  const findSet = (number: number): SetState => {
    const set = state().sets.find((each) => each.set === number);
    if (set !== undefined) return set;
    // The set can be destroyed while an export is pending.
    throw new ProtocolError('set-unknown', `There is no set ${hexNumber(number, 8)}.`);
  };
  return transportKeyStore({
    copyTransportKey: (set, tkv) => copy(found(findSet(set).transportKeys.find((each) => each.tkv === tkv)).key),
    isDiversified: (set) => findSet(set).profile === 'diversified',
    copyApplicationKey: (number, ref1) => {
      const set = findSet(number);
      const entry = found(set.keys.find((each) => each.ref1 === ref1));
      // The key can be destroyed while an export is pending.
      requireEnabled(set, entry);
      return copy(entry.key);
    },
    signData: (message) => signatures().signData(message),
    random: (length) => getRandomValues(new Uint8Array(length)),
  });
}

function found<T>(value: T | undefined): T {
  if (value === undefined) throw new RangeError('the set or key is unknown');
  return value;
}
