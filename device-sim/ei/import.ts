// Implements IMPORTKEY in the EI. Runs the steps of docs/protocol.md clause 4.5 in the sequence
// given there, and follows clause 8 to replace T or to erase a slot. Written from the
// specification, so that this file repeats no mistake of the page.
import { type Bytes, wipe } from '#protocol/bytes/bytes.ts';
import { readU16 } from '#protocol/bytes/integers.ts';
import { sha256 } from '#protocol/crypto/prf.ts';
import { ProtocolError } from '#protocol/errors.ts';
import { type Kcv, keyCheckValue, openBody } from '#protocol/tkl/body.ts';
import {
  type Data,
  dataLength,
  decodeData,
  isBodyLength,
  TAG_LENGTH,
  verifySignature,
  verifyTag,
} from '#protocol/tkl/data.ts';
import {
  decodeHeader,
  HEADER_LENGTH,
  type Header,
  isAddressedTo,
  isErasing,
  isSlotPermitted,
  TRANSPORT_KEY_SLOT,
} from '#protocol/tkl/header.ts';
import {
  deriveDeviceKey,
  deriveKey,
  deriveOperationKeys,
  type OperationKeys,
  operationContext,
  wipeOperationKeys,
} from '#protocol/tkl/key-tree.ts';
import { sealReceipt } from '#protocol/tkl/receipt.ts';
import type { KdfFamily } from '#protocol/tkl/suites.ts';
import { Refusal } from '../unit/card.ts';
import { type Clock, sleep } from '../unit/clock.ts';
import { MemoryFailure, PowerCut } from '../unit/memory.ts';
import type { EiConfiguration } from './configuration.ts';
import { type EiStore, FULL_TRIES, type PendingChallenge } from './store.ts';
import type { StoredImport, TransportKey } from './store-codec.ts';

/** ATTR of a new T or K_D (clause 8). */
const TRANSPORT_KEY_ATTRIBUTES = 'K0AX00N';
/** Minimum Lc: the length of HDR, BLEN, TAG and REF2. BODY may be empty. */
const MIN_LENGTH = HEADER_LENGTH + 2 + TAG_LENGTH + 2;
/** Maximum delay of an import when no tries are left, in ms. */
const MAX_WAIT = 64_000;

export interface ImportContext {
  readonly configuration: EiConfiguration;
  readonly family: KdfFamily;
  readonly store: EiStore;
  readonly clock: Clock;
  /** False once power was lost. A delayed import checks this and stops. */
  readonly isPowered: () => boolean;
}

/**
 * Runs IMPORTKEY and resolves with the receipt, 64 bytes.
 * @param challenge the challenge of the link, which the caller has already erased
 * @param field the data field of the command: DATA ‖ REF2
 * @throws Refusal, MemoryFailure or PowerCut
 */
export async function importKey(
  context: ImportContext,
  challenge: PendingChallenge | undefined,
  field: Uint8Array,
): Promise<Bytes> {
  const { store } = context;
  const header = checkFormat(context.configuration, field);
  if (challenge === undefined || challenge.suite !== header.suite) throw new Refusal(0x6985);
  const ref2 = readU16(field, field.length - 2);
  if (ref2 !== TRANSPORT_KEY_SLOT && !store.hasSlot(ref2)) throw new Refusal(0x6a88);
  await takeTry(context);
  const transport = store.transportKey();
  // Not reached: only a unit with T issues a challenge.
  if (transport === undefined) throw new Refusal(0x6985);
  try {
    const dataBytes = field.subarray(0, -2);
    const download = { transport, ref2, data: decodeData(dataBytes), dataHash: sha256(dataBytes) };
    return openAndStore(context, challenge, download);
  } finally {
    wipe(transport.key);
  }
}

/**
 * Checks format and length, but not BODY. The order of the checks determines whether the unit
 * answers 6700 or 6A80.
 */
function checkFormat(configuration: EiConfiguration, field: Uint8Array): Header {
  if (field.length < MIN_LENGTH) throw new Refusal(0x6700);
  const header = refusing(0x6a80, () => decodeHeader(field));
  if (!configuration.suites.includes(header.suite)) throw new Refusal(0x6a80);
  if (header.signed ? configuration.signatureKey === undefined : configuration.signatureRequired) {
    throw new Refusal(0x6a80);
  }
  const bodyLength = readU16(field, HEADER_LENGTH);
  if (!isBodyLength(header.suite, bodyLength)) throw new Refusal(0x6a80);
  if (field.length !== dataLength(header, bodyLength) + 2) throw new Refusal(0x6700);
  return header;
}

/**
 * Decrements the tries in memory before a key is used. If no tries are left, the unit delays the
 * import by 1 s and doubles the delay with each further import, up to 64 s. The unit never locks.
 */
async function takeTry({ store, clock, isPowered }: ImportContext): Promise<void> {
  const { left, waits } = store.tries;
  if (left > 0) {
    store.writeTries({ left: left - 1, waits: 0 });
    return;
  }
  store.writeTries({ left: 0, waits: Math.min(waits + 1, 0xff) });
  await sleep(clock, Math.min(1000 * 2 ** Math.min(waits, 6), MAX_WAIT));
  if (!isPowered()) throw new PowerCut('power was lost while waiting');
}

interface Download {
  readonly transport: TransportKey;
  readonly ref2: number;
  readonly data: Data;
  readonly dataHash: Bytes;
}

function openAndStore(context: ImportContext, challenge: PendingChallenge, download: Download): Bytes {
  const { configuration, family } = context;
  const { transport, data } = download;
  let keys: OperationKeys | undefined;
  let applicationKey: Bytes | undefined;
  try {
    const operation = operationContext(data.headerBytes, challenge.random);
    keys = deriveKeys(configuration, family, transport, operation);
    const derived = keys;
    applicationKey = refusing(0x6988, () => {
      verifyTag(data, derived);
      if (configuration.signatureKey !== undefined && data.header.signed) {
        verifySignature(data, operation, configuration.signatureKey);
      }
      return openAddressed(configuration, download, derived);
    });
    checkSlotAndVersion(context, download);
    return storeKey(context, download, derived, applicationKey);
  } finally {
    wipeOperationKeys(keys);
    wipe(applicationKey);
  }
}

/**
 * Derives the operation keys from K_D. A diversified unit stores K_D; a shared unit derives it from
 * T for each download.
 */
function deriveKeys(
  { profile, sn }: EiConfiguration,
  family: KdfFamily,
  { set, tkv, key }: TransportKey,
  operation: Uint8Array,
): OperationKeys {
  const deviceKey = profile === 'diversified' ? key : deriveDeviceKey(family, key, { set, tkv, sn });
  try {
    return deriveOperationKeys(family, deriveKey(family, deviceKey, 'TKL1OPK', operation), operation);
  } finally {
    wipe(deviceKey);
  }
}

/**
 * Checks the address of DATA and opens BODY. Refuses with 6988, whichever check fails.
 * @returns the key; undefined for an erasure
 */
function openAddressed(
  { sn }: EiConfiguration,
  { transport, ref2, data }: Download,
  keys: OperationKeys,
): Bytes | undefined {
  const { header, headerBytes, body } = data;
  if (!isAddressedTo(header, { set: transport.set, tkv: transport.tkv, sn })) throw new Refusal(0x6988);
  const replacesTransportKey = ref2 === TRANSPORT_KEY_SLOT;
  if (isErasing(header) !== (body.length === 0)) throw new Refusal(0x6988);
  if (isErasing(header)) {
    if (replacesTransportKey) throw new Refusal(0x6988);
    return undefined;
  }
  if (!/^[A-Z0-9]{7}$/.test(header.attributes)) throw new Refusal(0x6988);
  const key = openBody(header.suite, keys, { header: headerBytes, attributes: header.attributes }, body);
  const fits = !replacesTransportKey || (header.attributes === TRANSPORT_KEY_ATTRIBUTES && key.length === 32);
  if (fits) return key;
  wipe(key);
  throw new Refusal(0x6988);
}

function checkSlotAndVersion({ configuration, store }: ImportContext, { transport, ref2, data }: Download): void {
  const { header } = data;
  if (!isSlotPermitted(header, ref2)) throw new Refusal(0x9401);
  const toTransportKey = ref2 === TRANSPORT_KEY_SLOT;
  const slot = store.slot(ref2);
  wipe(slot?.key);
  const current = toTransportKey ? transport.tkv : (slot?.akv ?? 0);
  const highest = toTransportKey ? 0xff : 0xfffffffe;
  if (header.akv <= current || header.akv > highest) throw new Refusal(0x9402);
  const addsKey = !toTransportKey && !isErasing(header) && (slot === undefined || slot.key.length === 0);
  if (addsKey && store.keysHeld >= configuration.capacity) throw new Refusal(0x6a84);
}

/**
 * Writes the key to the shadow (unit/record.ts) and reads it back. Computes KCV and receipt, adds
 * both to the shadow and commits the shadow. Then restores the tries and wipes the old key.
 */
function storeKey(context: ImportContext, download: Download, keys: OperationKeys, key: Bytes | undefined): Bytes {
  const { store } = context;
  const { header } = download.data;
  const shadow = shadowOf(context, download, key);
  shadow.write();
  const kcv = checkValueOf(shadow.readBack(), header);
  const importCounter = store.importCounter + 1;
  const { suite, ref1, tkv, akv, xc, asNumber } = header;
  const fields = { suite, ref2: download.ref2, ref1, tkv, akv, xc, asNumber, sn: context.configuration.sn };
  const receipt = sealReceipt({ ...fields, kcv, importCounter }, keys, download.dataHash);
  shadow.write({ importCounter, kcv, receipt });
  shadow.commit();
  finish(store);
  return receipt;
}

interface Shadow {
  /** Writes the shadow and verifies it by reading it back. */
  write(from?: StoredImport): void;
  readBack(): Bytes;
  commit(): void;
}

function shadowOf({ store }: ImportContext, { transport, ref2, data }: Download, key = new Uint8Array(0)): Shadow {
  const { set } = transport;
  const { akv, attributes, ref1 } = data.header;
  if (ref2 === TRANSPORT_KEY_SLOT) {
    return {
      write: (from) => store.writeTransportKey({ set, tkv: akv, key }, from),
      readBack: () => store.readBackTransportKey(),
      commit: () => store.commitTransportKey(),
    };
  }
  return {
    write: (from) => store.writeSlot(ref2, { key, akv, attributes, ref1 }, from),
    readBack: () => store.readBackSlotKey(ref2),
    commit: () => store.commitSlot(ref2),
  };
}

function checkValueOf(stored: Bytes, { attributes }: Header): Kcv {
  try {
    return stored.length === 0 ? { value: new Uint8Array(5), algorithm: 0x00 } : keyCheckValue(attributes, stored);
  } finally {
    wipe(stored);
  }
}

/**
 * Restores the tries and wipes the old key. The new key is committed, so a memory failure here does
 * not fail the import.
 */
function finish(store: EiStore): void {
  try {
    store.writeTries({ left: FULL_TRIES, waits: 0 });
  } catch (error) {
    if (!(error instanceof MemoryFailure)) throw error;
  }
  store.recover();
}

/**
 * Runs the action and converts every ProtocolError to the status word `sw`, so that the host cannot
 * find out which check failed.
 */
function refusing<T>(sw: number, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw error instanceof ProtocolError ? new Refusal(sw) : error;
  }
}
