// Codec of the identity, the response of a unit to SELECT and GET IDENTITY (docs/protocol.md clause
// 4.3). It is not authenticated; CHM proves SN, SET and TKV to the AS.
import { type Bytes, isZero } from '../bytes/bytes.ts';
import { fromAscii } from '../bytes/text.ts';
import { ANY_SLOT, TRANSPORT_KEY_SLOT } from '../tkl/header.ts';
import { nonsense } from './command.ts';
import { Fields } from './fields.ts';

export interface Slot {
  /** REF2. */
  readonly ref2: number;
  readonly state: 'empty' | 'key';
  /** AKV of the key; in an empty slot the highest AKV it has contained. */
  readonly akv: number;
  /** ATTR, 7 characters; empty for an empty slot. */
  readonly attributes: string;
  /** 5 bytes; zero for an empty slot. */
  readonly kcv: Bytes;
}

export interface Capabilities {
  /** b0: the challenge survives loss of power (two-pass mode). */
  readonly keepsChallenge: boolean;
  /** b1: extended length fields, on every link. */
  readonly extendedLength: boolean;
  /** b2: the unit has IDENTIFY. */
  readonly identify: boolean;
}

export interface Identity {
  /** 16 bytes. */
  readonly sn: Bytes;
  /** 0 in a blank unit. */
  readonly set: number;
  /** 0 in a blank unit. */
  readonly tkv: number;
  readonly profile: 'shared' | 'diversified';
  /**
   * The suites of clause 2 that the unit allows, including those that this software does not have.
   */
  readonly suites: readonly number[];
  readonly lifecycle: 'blank' | 'operational';
  /** 0 to 64. */
  readonly tries: number;
  readonly signatureRequired: boolean;
  readonly capabilities: Capabilities;
  /** Firmware version, in the numbering of the manufacturer. */
  readonly firmware: number;
  readonly slots: readonly Slot[];
}

const VERSION = 0x01;
const MAX_TRIES = 64;
/** Suites of clause 2 that are in use or planned. 03 and 07 are reserved and refused. */
const DEFINED_SUITES: readonly number[] = [0x01, 0x02, 0x04, 0x05, 0x06];
const KEEPS_CHALLENGE = 0x01;
const EXTENDED_LENGTH = 0x02;
const IDENTIFY = 0x04;
/** ATTR in the notation of X9.143: usage(2), algorithm, mode of use, version(2), exportability. */
const ATTRIBUTES = /^[0-9A-Z]{4}[0-9A-Za-z]{2}[0-9A-Z]$/;
/** Never the AKV of a key (clause 3.3). */
const INVALID_AKV = 0xffffffff;

/** @throws ProtocolError unit-nonsense naming the malformed field */
export function decodeIdentity(command: string, data: Uint8Array): Identity {
  const fields = new Fields(command, data);
  const version = fields.u8();
  if (version !== VERSION) throw nonsense(command, `identity version ${version} is not defined`);
  const sn = fields.bytes(16);
  const set = fields.u32();
  const tkv = fields.u8();
  const profile = fields.choice('profile', { 0: 'shared', 1: 'diversified' } as const);
  const suites = decodeSuites(command, fields.bytes(fields.u8()));
  const lifecycle = fields.choice('lifecycle', { 0: 'blank', 3: 'operational' } as const);
  const tries = fields.u8();
  const signatureRequired = fields.choice('signature required', { 0: 'no', 1: 'yes' } as const) === 'yes';
  const capabilities = decodeCapabilities(command, fields.u8());
  const firmware = fields.u32();
  const slots = decodeSlots(command, fields);
  fields.end('identity');
  if (isZero(sn)) throw nonsense(command, 'the SN is zero');
  if (tries > MAX_TRIES) throw nonsense(command, `${tries} tries, more than ${MAX_TRIES}`);
  if (lifecycle === 'blank' ? set !== 0 || tkv !== 0 : tkv === 0) {
    throw nonsense(command, `SET and TKV contradict the lifecycle "${lifecycle}"`);
  }
  return { sn, set, tkv, profile, suites, lifecycle, tries, signatureRequired, capabilities, firmware, slots };
}

function decodeSuites(command: string, bytes: Uint8Array): readonly number[] {
  const suites = [...bytes];
  if (new Set(suites).size !== suites.length) throw nonsense(command, 'a suite is listed twice');
  for (const suite of suites) {
    if (!DEFINED_SUITES.includes(suite)) throw nonsense(command, `suite ${suite} is not defined`);
  }
  return suites;
}

function decodeCapabilities(command: string, byte: number): Capabilities {
  if ((byte & ~(KEEPS_CHALLENGE | EXTENDED_LENGTH | IDENTIFY)) !== 0) {
    throw nonsense(command, `capabilities ${byte} are not defined`);
  }
  return {
    keepsChallenge: (byte & KEEPS_CHALLENGE) !== 0,
    extendedLength: (byte & EXTENDED_LENGTH) !== 0,
    identify: (byte & IDENTIFY) !== 0,
  };
}

function decodeSlots(command: string, fields: Fields): readonly Slot[] {
  const slots: Slot[] = [];
  const seen = new Set<number>();
  for (let left = fields.u8(); left > 0; left--) {
    const slot = decodeSlot(command, fields);
    if (seen.has(slot.ref2)) throw nonsense(command, `slot ${slot.ref2} is listed twice`);
    seen.add(slot.ref2);
    slots.push(slot);
  }
  return slots;
}

function decodeSlot(command: string, fields: Fields): Slot {
  const ref2 = fields.u16();
  const state = fields.choice('slot state', { 0: 'empty', 1: 'key' } as const);
  const akv = fields.u32();
  const attributes = fields.bytes(7);
  const kcv = fields.bytes(5);
  if (ref2 === ANY_SLOT || ref2 === TRANSPORT_KEY_SLOT) throw nonsense(command, `slot ${ref2} is never listed`);
  if (akv === INVALID_AKV) throw nonsense(command, `slot ${ref2} has AKV FFFFFFFF`);
  if (state === 'empty') {
    if (!isZero(attributes) || !isZero(kcv)) throw nonsense(command, `slot ${ref2} is empty but has ATTR or KCV`);
    return { ref2, state, akv, attributes: '', kcv };
  }
  const text = fromAscii(attributes);
  if (!ATTRIBUTES.test(text)) throw nonsense(command, `slot ${ref2} has an ATTR that X9.143 does not define`);
  return { ref2, state, akv, attributes: text, kcv };
}
