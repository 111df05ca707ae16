// A simulated AS token card as JSON, with defaults. Describes the content that an issuer would
// write. The default T is that of the published demo set with the same set number.
import type { Bytes } from '#protocol/bytes/bytes.ts';
import { fromHex, hexNumber } from '#protocol/bytes/hex.ts';
import { utf8 } from '#protocol/bytes/text.ts';
import { sha256 } from '#protocol/crypto/prf.ts';
import { ANY_SLOT, NO_ATTRIBUTES, TRANSPORT_KEY_ATTRIBUTES, TRANSPORT_KEY_SLOT } from '#protocol/tkl/header.ts';
import type { KdfFamily } from '#protocol/tkl/suites.ts';
import type { AsLatency } from '../as-token/card.ts';
import type { CardContent, CardEntry, CardTransportKey } from '../as-token/content.ts';
import { asFirmware } from '../as-token/firmware.ts';
import { TOKEN_PRODUCT_ID } from '../browser/usb-descriptors.ts';
import type { Profile } from '../ei/configuration.ts';
import type { UnitOptions } from '../unit/unit.ts';
import { demoSet, serialNumber } from './description.ts';
import { type PlugDescription, plugOptions, type UnitEnvironment } from './plug-description.ts';

/**
 * A key entry. An entry with `erases` or `replacesTransportKey` has no key and causes an action of
 * docs/protocol.md clause 8.
 */
export interface EntryDescription {
  readonly ref1: number;
  readonly label: string;
  readonly akv: number;
  /** The permitted REF2. By default any slot. */
  readonly slot?: number;
  /** ATTR of a key. D0AB00N by default. */
  readonly attributes?: string;
  /** TA as hex. By default a public value computed from the label. */
  readonly key?: string;
  readonly erases?: true;
  /** Whether the entry replaces T by version `akv`, which must be in `transportKeys`. */
  readonly replacesTransportKey?: true;
}

export interface TokenDescription extends PlugDescription {
  /** SN of the token, up to 32 hex digits. */
  readonly sn: string;
  readonly set: number;
  readonly profile?: Profile;
  readonly family?: KdfFamily;
  /** T of each version, 64 hex digits, oldest first. By default version 1 of the demo set. */
  readonly transportKeys?: readonly { readonly tkv: number; readonly key: string }[];
  /** By default one key for any slot. */
  readonly entries?: readonly EntryDescription[];
  /** 1 by default. Number 0 belongs to the service. */
  readonly asNumber?: number;
  /** 4 to 12 digits. 123456 by default. */
  readonly pin?: string;
  /** 3 by default. */
  readonly pinTries?: number;
  /** Maximum number of exports. 100 by default. */
  readonly quota?: number;
  /** SNs of the permitted units. By default every unit of the set. */
  readonly units?: readonly string[];
  /** Ed25519 seed, 64 hex digits. By default it is computed from the SN, so it is not secret. */
  readonly signingKey?: string;
  /** Processing times of the commands, in ms. Most tests set 0. */
  readonly latency?: Partial<AsLatency>;
}

const DEFAULT_LATENCY: AsLatency = { data: 120, pin: 200, exportKey: 500, verifyReceipt: 200 };

const DEFAULT_ENTRIES: readonly EntryDescription[] = [{ ref1: 0x0101, label: 'Data key', akv: 1 }];

/** @throws RangeError @throws SyntaxError when the description is invalid */
export function tokenOptions(description: TokenDescription, environment: UnitEnvironment): UnitOptions {
  const firmware = asFirmware({
    sn: serialNumber(description.sn),
    content: cardContent(description),
    pin: description.pin ?? '123456',
    latency: { ...DEFAULT_LATENCY, ...description.latency },
  });
  const product = { firmware, productId: TOKEN_PRODUCT_ID, name: 'Keyferry AS token (simulated)' };
  return plugOptions(product, description, environment);
}

function cardContent(description: TokenDescription): CardContent {
  const { set, entries = DEFAULT_ENTRIES, signingKey, units } = description;
  return {
    set,
    profile: description.profile ?? demoSet(set, 1)?.profile ?? 'diversified',
    asNumber: description.asNumber ?? 1,
    quota: description.quota ?? 100,
    pinTries: description.pinTries ?? 3,
    signingKey: signingKey === undefined ? publicKey32(`signing key ${description.sn}`) : fromHex(signingKey),
    units: units?.map(serialNumber),
    transportKeys: cardTransportKeys(description),
    entries: entries.map(cardEntry),
  };
}

function cardTransportKeys(description: TokenDescription): readonly CardTransportKey[] {
  const { set, transportKeys } = description;
  const demo = demoSet(set, 1);
  const family = description.family ?? demo?.family ?? 'cmac';
  if (transportKeys !== undefined) {
    return transportKeys.map(({ tkv, key }) => ({ tkv, family, key: fromHex(key) }));
  }
  if (demo === undefined) throw new RangeError(`set ${hexNumber(set, 8)} is not a demo set and needs transportKeys`);
  return [{ tkv: demo.tkv, family, key: demo.publishedTransportKey }];
}

function cardEntry(entry: EntryDescription): CardEntry {
  const { ref1, label, akv, slot = ANY_SLOT, attributes = 'D0AB00N', key } = entry;
  const nothing = new Uint8Array(0);
  if (entry.erases) return { ref1, label, akv, slot, attributes: NO_ATTRIBUTES, key: nothing };
  if (entry.replacesTransportKey) {
    return { ref1, label, akv, slot: TRANSPORT_KEY_SLOT, attributes: TRANSPORT_KEY_ATTRIBUTES, key: nothing };
  }
  return { ref1, label, akv, slot, attributes, key: key === undefined ? publicKey32(`key ${label}`) : fromHex(key) };
}

/** Returns a public 32-byte value for a demonstration key. */
function publicKey32(name: string): Bytes {
  return sha256(utf8(`Keyferry simulated token: ${name}`));
}
