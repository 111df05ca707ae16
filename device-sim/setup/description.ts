// A simulated unit as JSON describes it, with what is usual left out: for the demo page, for tests and for training. T comes from the
// published demo set of that number unless it is given.
import { type Bytes, concat } from '#protocol/bytes/bytes.ts';
import { fromHex } from '#protocol/bytes/hex.ts';
import { DEMO_SETS, type DemoSet } from '#protocol/demo/demo-sets.ts';
import { padSerialNumber } from '#protocol/tkl/header.ts';
import { isSuiteId, type KdfFamily, type SuiteId } from '#protocol/tkl/suites.ts';
import { type Outside, type PlugDescription, pluggedIn } from '../browser/plug-description.ts';
import { PRODUCT_ID } from '../browser/usb-descriptors.ts';
import type { EiConfiguration, Profile } from '../ei/configuration.ts';
import type { Latency } from '../ei/ei.ts';
import { eiFirmware } from '../ei/firmware.ts';
import type { UnitOptions } from '../unit/unit.ts';

export interface UnitDescription extends PlugDescription {
  /** Up to 32 hex digits. */
  readonly sn: string;
  readonly set: number;
  /** 1 by default. */
  readonly tkv?: number;
  /** That of the demo set, else diversified. */
  readonly profile?: Profile;
  /** T, 64 hex digits; that of the demo set by default. */
  readonly transportKey?: string;
  /** It holds no T yet. */
  readonly blank?: boolean;
  /** The allow-list: 1 and 2, or 4 for a demo set of the HMAC family. */
  readonly suites?: readonly number[];
  /** REF2 of the slots: 1 to 4. */
  readonly slots?: readonly number[];
  /** How many keys fit: one in each slot. */
  readonly capacity?: number;
  readonly firmware?: number;
  /** b0, b1 and b2; identify only by default. */
  readonly keepsChallenge?: boolean;
  readonly extendedLength?: boolean;
  readonly identify?: boolean;
  /** Ed25519 public key of the AS, 64 hex digits. */
  readonly signatureKey?: string;
  readonly signatureRequired?: boolean;
  /** In ms; 0 each for tests that are not about time. */
  readonly latency?: Partial<Latency>;
}

/** Slow enough for a person to follow, quick enough not to be waited for. */
const USUAL_LATENCY: Latency = { identity: 120, challenge: 250, importKey: 900 };

/** @throws RangeError, SyntaxError when the description cannot be built */
export function describedUnit(description: UnitDescription, outside: Outside): UnitOptions {
  const { set, tkv = 1, blank = false } = description;
  const demo = demoSet(set, tkv);
  const configuration = describedConfiguration(description, demo?.profile, demo?.family);
  const transportKey =
    description.transportKey === undefined ? demo?.publishedTransportKey : fromHex(description.transportKey);
  if (transportKey === undefined && !blank) throw new RangeError(`set ${set} is no demo set: transportKey is missing`);
  const initialKey = transportKey === undefined || blank ? undefined : { set, tkv, transportKey };
  const latency = { ...USUAL_LATENCY, ...description.latency };
  return pluggedIn(
    {
      firmware: eiFirmware(configuration, initialKey, latency),
      productId: PRODUCT_ID,
      name: 'Keyferry EI (simulated)',
    },
    description,
    outside,
  );
}

export function demoSet(set: number, tkv: number): DemoSet | undefined {
  return DEMO_SETS.find((candidate) => candidate.set === set && candidate.tkv === tkv);
}

function describedConfiguration(
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

/** SN as 16 bytes of up to 32 hex digits. @throws SyntaxError, RangeError */
export function serialNumber(text: string): Bytes {
  return padSerialNumber(concat(fromHex(text.length % 2 === 0 ? text : `0${text}`)));
}

function requireSuite(id: number): SuiteId {
  if (!isSuiteId(id)) throw new RangeError(`suite ${id} is unknown or reserved`);
  return id;
}
