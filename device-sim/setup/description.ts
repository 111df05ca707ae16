// A simulated unit as JSON, with defaults, for the demo page, tests and training. The default T is
// that of the published demo set with the same set number and version.
import { type Bytes, concat } from '#protocol/bytes/bytes.ts';
import { fromHex, hexNumber } from '#protocol/bytes/hex.ts';
import { DEMO_SETS, type DemoSet } from '#protocol/demo/demo-sets.ts';
import { padSerialNumber } from '#protocol/tkl/header.ts';
import { isSuiteId, type KdfFamily, type SuiteId } from '#protocol/tkl/suites.ts';
import { PRODUCT_ID } from '../browser/usb-descriptors.ts';
import type { EiConfiguration, Profile } from '../ei/configuration.ts';
import type { Latency } from '../ei/ei.ts';
import { eiFirmware } from '../ei/firmware.ts';
import type { UnitOptions } from '../unit/unit.ts';
import { type PlugDescription, plugOptions, type UnitEnvironment } from './plug-description.ts';

export interface UnitDescription extends PlugDescription {
  /** Up to 32 hex digits. */
  readonly sn: string;
  readonly set: number;
  /** 1 by default. */
  readonly tkv?: number;
  /** By default the profile of the demo set. Diversified if `set` is not a demo set. */
  readonly profile?: Profile;
  /** T, 64 hex digits. By default T of the demo set. Required if `set` is not a demo set. */
  readonly transportKey?: string;
  /** Whether the unit has no T. False by default. */
  readonly blank?: boolean;
  /** Allowed suites. By default 1 and 2, or 4 for a demo set of the HMAC family. */
  readonly suites?: readonly number[];
  /** REF2 of the slots. 1 to 4 by default. */
  readonly slots?: readonly number[];
  /** Maximum number of keys. By default the number of slots. */
  readonly capacity?: number;
  readonly firmware?: number;
  /** Capability b0. False by default. */
  readonly keepsChallenge?: boolean;
  /** Capability b1. False by default. */
  readonly extendedLength?: boolean;
  /** Capability b2. True by default. */
  readonly identify?: boolean;
  /** Ed25519 public key of the AS, 64 hex digits. */
  readonly signatureKey?: string;
  readonly signatureRequired?: boolean;
  /** Processing times of the commands, in ms. Most tests set 0. */
  readonly latency?: Partial<Latency>;
}

/** Slow enough for a person to follow the steps. */
const DEFAULT_LATENCY: Latency = { identity: 120, challenge: 250, importKey: 900 };

/** @throws RangeError @throws SyntaxError when the description is invalid */
export function unitOptions(description: UnitDescription, environment: UnitEnvironment): UnitOptions {
  const { set, tkv = 1, blank = false } = description;
  const demo = demoSet(set, tkv);
  const configuration = eiConfiguration(description, demo?.profile, demo?.family);
  const transportKey =
    description.transportKey === undefined ? demo?.publishedTransportKey : fromHex(description.transportKey);
  if (transportKey === undefined && !blank)
    throw new RangeError(`set ${hexNumber(set, 8)} is not a demo set and needs transportKey`);
  const initialKey = transportKey === undefined || blank ? undefined : { set, tkv, transportKey };
  const latency = { ...DEFAULT_LATENCY, ...description.latency };
  return plugOptions(
    {
      firmware: eiFirmware(configuration, initialKey, latency),
      productId: PRODUCT_ID,
      name: 'Keyferry EI (simulated)',
    },
    description,
    environment,
  );
}

export function demoSet(set: number, tkv: number): DemoSet | undefined {
  return DEMO_SETS.find((candidate) => candidate.set === set && candidate.tkv === tkv);
}

function eiConfiguration(
  description: UnitDescription,
  demoProfile: Profile | undefined,
  family: KdfFamily | undefined,
): EiConfiguration {
  const { slots = [1, 2, 3, 4], signatureKey } = description;
  return {
    sn: serialNumber(description.sn),
    profile: description.profile ?? demoProfile ?? 'diversified',
    suites: (description.suites ?? (family === 'hmac' ? [4] : [1, 2])).map(requireSuite),
    slots,
    capacity: description.capacity ?? slots.length,
    firmware: description.firmware ?? 0x0001_0000,
    capabilities: {
      keepsChallenge: description.keepsChallenge ?? false,
      extendedLength: description.extendedLength ?? false,
      identify: description.identify ?? true,
    },
    ...(signatureKey === undefined ? {} : { signatureKey: fromHex(signatureKey) }),
    signatureRequired: description.signatureRequired ?? false,
  };
}

/** Decodes an SN of up to 32 hex digits to 16 bytes. @throws SyntaxError @throws RangeError */
export function serialNumber(text: string): Bytes {
  return padSerialNumber(concat(fromHex(text.length % 2 === 0 ? text : `0${text}`)));
}

function requireSuite(id: number): SuiteId {
  if (!isSuiteId(id)) throw new RangeError(`suite ${id} is unknown or reserved`);
  return id;
}
