// The KeyStore of an AS that can read T: the service or a card. Derives the keys of a unit from T
// for each call and wipes them.
import { type Bytes, wipe } from '../bytes/bytes.ts';
import type { Random } from '../tkl/body.ts';
import { deriveDeviceKey, deriveKey } from '../tkl/key-tree.ts';
import type { KeyStore } from './tree-key-crypto.ts';

/** Access to the key material of an AS. Every result is a copy, which the key store wipes. */
export interface KeyMaterial {
  /** Returns T, 32 bytes. */
  copyTransportKey(set: number, tkv: number): Bytes;
  /** True iff units of the set store K_D instead of T. */
  isDiversified(set: number): boolean;
  /** Returns TA, 16, 24 or 32 bytes. */
  copyApplicationKey(set: number, ref1: number): Bytes;
  /** Returns an Ed25519 signature, 64 bytes. */
  signData(message: Uint8Array): Bytes | Promise<Bytes>;
  readonly random: Random;
}

export function transportKeyStore(material: KeyMaterial): KeyStore {
  const { random } = material;
  return {
    async deriveFromDeviceKey(unit, family, label, context) {
      const transportKey = material.copyTransportKey(unit.set, unit.tkv);
      let deviceKey: Bytes | undefined;
      try {
        deviceKey = deriveDeviceKey(family, transportKey, unit);
        return deriveKey(family, deviceKey, label, context);
      } finally {
        wipe(transportKey, deviceKey);
      }
    },
    async copyTransportKeyFor(unit, family) {
      const transportKey = material.copyTransportKey(unit.set, unit.tkv);
      if (!material.isDiversified(unit.set)) return transportKey;
      try {
        return deriveDeviceKey(family, transportKey, unit);
      } finally {
        wipe(transportKey);
      }
    },
    copyApplicationKey: async (set, ref1) => material.copyApplicationKey(set, ref1),
    signData: async (message) => material.signData(message),
    random: (length) => random(length),
  };
}
