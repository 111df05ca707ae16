// The configuration of an EI, fixed at manufacture (docs/protocol.md clauses 2, 3 and 4). store.ts
// stores the data that changes.
import { type Bytes, requireLength, wipe } from '#protocol/bytes/bytes.ts';
import { TRANSPORT_KEY_SLOT } from '#protocol/tkl/header.ts';
import { deriveDeviceKey } from '#protocol/tkl/key-tree.ts';
import { type KdfFamily, SUITES, type SuiteId } from '#protocol/tkl/suites.ts';
import type { Memory } from '../unit/memory.ts';
import { EiStore } from './store.ts';

/** Whether the unit stores T or K_D (docs/protocol.md clause 3.9). */
export type Profile = 'shared' | 'diversified';

export interface EiConfiguration {
  /** 16 bytes, left-padded with 00. */
  readonly sn: Bytes;
  readonly profile: Profile;
  /** Allowed suites. All have the same KDF family, because each T is used with one family only. */
  readonly suites: readonly SuiteId[];
  /** REF2 of the slots, without the transport-key slot. */
  readonly slots: readonly number[];
  /** Maximum number of keys. The unit answers an import of one more key with 6A84. */
  readonly capacity: number;
  /** Firmware version for GET IDENTITY, 32 bits. */
  readonly firmware: number;
  readonly capabilities: {
    /** b0: R survives SELECT, reset and loss of power. */
    readonly keepsChallenge: boolean;
    /** b1: extended length. */
    readonly extendedLength: boolean;
    /** b2: IDENTIFY (80 CE). */
    readonly identify: boolean;
  };
  /** Ed25519 public key of the AS, 32 bytes. Undefined in a unit that cannot verify SIG. */
  readonly signatureKey?: Bytes;
  readonly signatureRequired: boolean;
}

/**
 * Checks the configuration and returns the KDF family of its suites.
 * @throws RangeError when the configuration is invalid
 */
export function familyOf(configuration: EiConfiguration): KdfFamily {
  const { sn, suites, slots, signatureKey, signatureRequired } = configuration;
  requireLength('sn', sn, 16);
  if (signatureKey !== undefined) requireLength('signatureKey', signatureKey, 32);
  if (signatureRequired && signatureKey === undefined) throw new RangeError('signatureRequired needs a signatureKey');
  if (slots.some((ref2) => !Number.isInteger(ref2) || ref2 < 0 || ref2 >= TRANSPORT_KEY_SLOT)) {
    throw new RangeError('a slot is a REF2 from 0000 to FFFD');
  }
  if (new Set(slots).size !== slots.length || slots.length > 0xff)
    throw new RangeError('a unit has at most 255 slots, each REF2 once');
  const families = new Set(suites.map((suite) => SUITES[suite].family));
  const [family] = families;
  if (family === undefined || families.size > 1)
    throw new RangeError('a unit has at least one suite, and all of one KDF family');
  return family;
}

/**
 * Makes a blank unit operational, as its maker does. Stores T or, in a diversified unit, K_D.
 * @throws RangeError when T or the configuration is invalid
 */
export function personalise(
  memory: Memory,
  configuration: EiConfiguration,
  { set, tkv, transportKey }: { readonly set: number; readonly tkv: number; readonly transportKey: Uint8Array },
): void {
  requireLength('transportKey', transportKey, 32);
  const family = familyOf(configuration);
  const { sn, profile } = configuration;
  const key =
    profile === 'diversified' ? deriveDeviceKey(family, transportKey, { set, tkv, sn }) : Uint8Array.from(transportKey);
  const store = new EiStore(memory, configuration.slots);
  store.writeTransportKey({ set, tkv, key });
  store.commitTransportKey();
  wipe(key);
}
