// The KeyStore of an AS that keeps T itself, as the service and a card do (a vault may keep K_D alone): everything of a unit is derived
// from T for the moment and wiped. Knows nothing of where the keeper has its keys.
import { type Bytes, wipe } from '../bytes/bytes.ts';
import type { Random } from '../tkl/body.ts';
import { deriveDeviceKey, deriveKey } from '../tkl/key-tree.ts';
import type { KeyStore } from './tree-key-crypto.ts';

/** What it hands out are copies, which the room wipes. Asked only for what Memory has named. */
export interface TransportKeyKeeper {
  /** T, 32 bytes. */
  copyTransportKey(set: number, tkv: number): Bytes;
  /** True iff a unit of the set is given K_D and never T. */
  isDiversified(set: number): boolean;
  /** TA, 16, 24 or 32 bytes. */
  copyApplicationKey(set: number, ref1: number): Bytes;
  /** Ed25519, 64 bytes. */
  signData(message: Uint8Array): Bytes | Promise<Bytes>;
  readonly random: Random;
}

export function transportKeyStore(keeper: TransportKeyKeeper): KeyStore {
  const { random } = keeper;
  return {
    async deriveFromDeviceKey(unit, family, label, context) {
      const transportKey = keeper.copyTransportKey(unit.set, unit.tkv);
      let deviceKey: Bytes | undefined;
      try {
        deviceKey = deriveDeviceKey(family, transportKey, unit);
        return deriveKey(family, deviceKey, label, context);
      } finally {
        wipe(transportKey, deviceKey);
      }
    },
    async copyTransportKeyFor(unit, family) {
      const transportKey = keeper.copyTransportKey(unit.set, unit.tkv);
      if (!keeper.isDiversified(unit.set)) return transportKey;
      try {
        return deriveDeviceKey(family, transportKey, unit);
      } finally {
        wipe(transportKey);
      }
    },
    copyApplicationKey: async (set, ref1) => keeper.copyApplicationKey(set, ref1),
    signData: async (message) => keeper.signData(message),
    random: (length) => random(length),
  };
}
