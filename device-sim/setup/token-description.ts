// A simulated AS token card as JSON describes it, with what is usual left out. T comes from the published demo set of that number
// unless it is given. What is written here is what an issuer would put into a card.
import type { Bytes } from '#protocol/bytes/bytes.ts';
import { fromHex } from '#protocol/bytes/hex.ts';
import { utf8 } from '#protocol/bytes/text.ts';
import { sha256 } from '#protocol/crypto/prf.ts';
import { ANY_SLOT, NO_ATTRIBUTES, TRANSPORT_KEY_ATTRIBUTES, TRANSPORT_KEY_SLOT } from '#protocol/tkl/header.ts';
import type { KdfFamily } from '#protocol/tkl/suites.ts';
import type { AsLatency } from '../as-token/card.ts';
import type { CardContent, CardEntry, CardTransportKey } from '../as-token/content.ts';
import { asFirmware } from '../as-token/firmware.ts';
import { type Outside, type PlugDescription, pluggedIn } from '../browser/plug-description.ts';
import { TOKEN_PRODUCT_ID } from '../browser/usb-descriptors.ts';
import type { Profile } from '../ei/configuration.ts';
import type { UnitOptions } from '../unit/unit.ts';
import { demoSet, serialNumber } from './description.ts';

/** An entry of REF1: a key; with `erases` or `replacesTransportKey` what docs/protocol.md clause 8 makes of it. */
export interface EntryDescription {
  readonly ref1: number;
  readonly label: string;
  readonly akv: number;
  /** The REF2 that is permitted: any, for a key. */
  readonly slot?: number;
  /** ATTR of a key: D0AB00N. */
  readonly attributes?: string;
  /** TA, hex digits; made from the label where it is missing, so that it is no secret. */
  readonly key?: string;
  readonly erases?: true;
  /** `akv` is the new TKV, and the token holds its T. */
  readonly replacesTransportKey?: true;
}

export interface TokenDescription extends PlugDescription {
  /** Of the token itself: up to 32 hex digits. */
  readonly sn: string;
  readonly set: number;
  readonly profile?: Profile;
  readonly family?: KdfFamily;
  /** T by version, 64 hex digits each, oldest first; that of the demo set by default. */
  readonly transportKeys?: readonly { readonly tkv: number; readonly key: string }[];
  /** One for any slot by default. */
  readonly entries?: readonly EntryDescription[];
  /** 1 by default; 0 is the service. */
  readonly asNumber?: number;
  /** 4 to 12 digits: 123456. */
  readonly pin?: string;
  /** 3 by default. */
  readonly pinTries?: number;
  /** Exports in all: 100. */
  readonly quota?: number;
  /** The SN that it serves: every unit of the set. */
  readonly units?: readonly string[];
  /** Ed25519 seed, 64 hex digits; made from the SN where it is missing. */
  readonly signingKey?: string;
  /** In ms; 0 each for tests that are not about time. */
  readonly latency?: Partial<AsLatency>;
}

const USUAL_AS_LATENCY: AsLatency = { data: 120, pin: 200, exportKey: 500, verifyReceipt: 200 };

const USUAL_ENTRIES: readonly EntryDescription[] = [{ ref1: 0x0101, label: 'Data key', akv: 1 }];

/** @throws RangeError, SyntaxError when the description cannot be built */
export function describedToken(description: TokenDescription, outside: Outside): UnitOptions {
  const firmware = asFirmware({
    sn: serialNumber(description.sn),
    content: describedContent(description),
    pin: description.pin ?? '123456',
    latency: { ...USUAL_AS_LATENCY, ...description.latency },
  });
  const product = { firmware, productId: TOKEN_PRODUCT_ID, name: 'Keyferry AS token (simulated)' };
  return pluggedIn(product, description, outside);
}

function describedContent(description: TokenDescription): CardContent {
  const { set, entries = USUAL_ENTRIES, signingKey, units } = description;
  return {
    set,
    profile: description.profile ?? demoSet(set, 1)?.profile ?? 'diversified',
    asNumber: description.asNumber ?? 1,
    quota: description.quota ?? 100,
    pinTries: description.pinTries ?? 3,
    signingKey: signingKey === undefined ? published(`signing key ${description.sn}`) : fromHex(signingKey),
    units: units?.map(serialNumber),
    transportKeys: describedTransportKeys(description),
    entries: entries.map(describedEntry),
  };
}

function describedTransportKeys({ set, family, transportKeys }: TokenDescription): readonly CardTransportKey[] {
  const demo = demoSet(set, 1);
  const familyOrUsual = family ?? demo?.family ?? 'cmac';
  if (transportKeys !== undefined) {
    return transportKeys.map(({ tkv, key }) => ({ tkv, family: familyOrUsual, key: fromHex(key) }));
  }
  if (demo === undefined) throw new RangeError(`set ${set} is no demo set: transportKeys are missing`);
  return [{ tkv: demo.tkv, family: familyOrUsual, key: demo.publishedTransportKey }];
}

function describedEntry(entry: EntryDescription): CardEntry {
  const { ref1, label, akv, slot = ANY_SLOT, attributes = 'D0AB00N', key } = entry;
  const nothing = new Uint8Array(0);
  if (entry.erases) return { ref1, label, akv, slot, attributes: NO_ATTRIBUTES, key: nothing };
  if (entry.replacesTransportKey) {
    return { ref1, label, akv, slot: TRANSPORT_KEY_SLOT, attributes: TRANSPORT_KEY_ATTRIBUTES, key: nothing };
  }
  return { ref1, label, akv, slot, attributes, key: key === undefined ? published(`key ${label}`) : fromHex(key) };
}

/** 32 bytes that everyone may know. */
function published(of: string): Bytes {
  return sha256(utf8(`Keyferry simulated token: ${of}`));
}
