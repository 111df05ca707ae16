// The one place of the service where T and TA are used: a KeyStore over the opened state, which it never changes.
import { randomBytes } from 'node:crypto';
import { transportKeyStore } from '#protocol/as-unit/transport-key-store.ts';
import type { KeyStore } from '#protocol/as-unit/tree-key-crypto.ts';
import { copy } from '#protocol/bytes/bytes.ts';
import type { Signatures } from '../signing/signing.ts';
import type { SetState, State } from '../storage/state.ts';

export function createRoom(state: () => State, signatures: () => Signatures): KeyStore {
  const findSet = (set: number): SetState => found(state().sets.find((each) => each.set === set));
  return transportKeyStore({
    copyTransportKey: (set, tkv) => copy(found(findSet(set).transportKeys.find((each) => each.tkv === tkv)).key),
    isDiversified: (set) => findSet(set).profile === 'diversified',
    copyApplicationKey: (set, ref1) => copy(found(findSet(set).keys.find((each) => each.ref1 === ref1)).key),
    signData: (message) => signatures().signData(message),
    random: (length) => copy(randomBytes(length)),
  });
}

function found<T>(sought: T | undefined): T {
  if (sought === undefined) throw new RangeError('as-unit looked it up before');
  return sought;
}
