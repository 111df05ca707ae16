// What is fixed in an EI when it is made (docs/protocol.md clauses 2, 3 and 4); what can change afterwards is in M (ei-store.ts).
import { type Bytes, requireLength, wipe } from '#protocol/bytes/bytes.ts';
import { TRANSPORT_KEY_SLOT } from '#protocol/tkl/header.ts';
import { deriveDeviceKey } from '#protocol/tkl/key-tree.ts';
import { type KdfFamily, SUITES, type SuiteId } from '#protocol/tkl/suites.ts';
import type { Memory } from '../unit/memory.ts';
import { EiStore } from './store.ts';

export type Profile = 'shared' | 'diversified';

export interface EiConfiguration {
  /** 16 bytes, left-padded with 00. */
  readonly sn: Bytes;
  readonly profile: Profile;
  /** The allow-list; all of one KDF family, because one T serves one. */
  readonly suites: readonly SuiteId[];
  /** REF2 of the slots, the transport-key slot not among them. */
  readonly slots: readonly number[];
  /** How many keys fit; one more is 6A84. */
  readonly capacity: number;
  /** Version of the unit's program, as GET IDENTITY tells it. */
  readonly firmware: number;
  readonly capabilities: {
    /** b0: R survives SELECT, reset and loss of power. */
    readonly keepsChallenge: boolean;
    /** b1: extended length. */
    readonly extendedLength: boolean;
    /** b2: 80 CE blinks. */
    readonly identify: boolean;
  };
  /** Ed25519 public key of the AS, 32 bytes, in units that can verify SIG. */
  readonly signatureKey?: Bytes;
  readonly signatureRequired: boolean;
}

/** The one KDF family of a unit. @throws RangeError when a configuration cannot be built */
export function familyOf(configuration: EiConfiguration): KdfFamily {
  const { sn, suites, slots, signatureKey, signatureRequired } = configuration;
  requireLength('sn', sn, 16);
  if (signatureKey !== undefined) requireLength('signatureKey', signatureKey, 32);
  if (signatureRequired && signatureKey === undefined) throw new RangeError('a required signature needs a key');
  if (slots.some((ref2) => !Number.isInteger(ref2) || ref2 < 0 || ref2 >= TRANSPORT_KEY_SLOT)) {
    throw new RangeError('a slot is a REF2 from 0000 to FFFD');
  }
  if (new Set(slots).size !== slots.length || slots.length > 0xff)
    throw new RangeError('slots: 255 at most, each once');
  const families = new Set(suites.map((suite) => SUITES[suite].family));
  const [family] = families;
  if (family === undefined || families.size > 1)
    throw new RangeError('suites must be of one KDF family, and at least one');
  return family;
}

/**
 * Makes a blank unit operational at the maker's: T (32 bytes) goes in, of a diversified unit only its K_D.
 * @throws RangeError
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
