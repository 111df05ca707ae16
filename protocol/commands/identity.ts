// Decodes the identity, the response of a unit to SELECT and GET IDENTITY (docs/protocol.md clause
// 4.3). The identity is not authenticated. Only CHM proves SN, SET and TKV to the AS.
import { type Bytes, isZero } from '../bytes/bytes.ts';
import { hexNumber } from '../bytes/hex.ts';
import { fromAscii } from '../bytes/text.ts';
import { ProtocolError } from '../errors.ts';
import { isAttributes } from '../tkl/attributes.ts';
import { ANY_SLOT, TRANSPORT_KEY_SLOT } from '../tkl/header.ts';
import { Fields } from './fields.ts';

export interface Slot {
  /** REF2. */
  readonly ref2: number;
  readonly state: 'empty' | 'key';
  /** AKV of the key. For an empty slot, the highest AKV that the slot has contained. */
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
   * The suites of clause 2 that the unit allows, including suites that this software does not
   * support.
   */
  readonly suites: readonly number[];
  readonly lifecycle: 'blank' | 'operational';
  /** How many more imports may fail before the unit delays imports, 0 to 64 (clause 4.7). */
  readonly tries: number;
  readonly signatureRequired: boolean;
  readonly capabilities: Capabilities;
  /** Firmware version, in the numbering of the manufacturer. */
  readonly firmware: number;
  readonly slots: readonly Slot[];
}

const VERSION = 0x01;
const MAX_TRIES = 64;
/** Suites that clause 2 defines, including planned ones. 03 and 07 are reserved and refused. */
const DEFINED_SUITES: readonly number[] = [0x01, 0x02, 0x04, 0x05, 0x06];
const KEEPS_CHALLENGE = 0x01;
const EXTENDED_LENGTH = 0x02;
const IDENTIFY = 0x04;
/** No key has this AKV (clause 3.3). */
const INVALID_AKV = 0xffffffff;

type Fault = (fault: string, clause?: string) => ProtocolError;

/** @throws ProtocolError identity-malformed naming the malformed field and the clause */
export function decodeIdentity(command: string, data: Uint8Array): Identity {
  const fault: Fault = (text, clause = '4.3') =>
    new ProtocolError('identity-malformed', `${command}: ${text} (docs/protocol.md clause ${clause})`);
  const fields = new Fields(data, fault);
  const version = fields.u8('the format');
  if (version !== VERSION) throw fault(`identity version ${version} is not defined`);
  const sn = fields.bytes(16, 'the SN');
  const set = fields.u32('SET');
  const tkv = fields.u8('TKV');
  const profile = fields.choice('profile', { 0: 'shared', 1: 'diversified' } as const);
  const suites = decodeSuites(fault, fields.bytes(fields.u8('nSuites'), 'a suite'));
  const lifecycle = fields.choice('lifecycle', { 0: 'blank', 3: 'operational' } as const);
  const tries = fields.u8('tries');
  const signatureRequired = fields.choice('signature required', { 0: 'no', 1: 'yes' } as const) === 'yes';
  const capabilities = decodeCapabilities(fault, fields.u8('capabilities'));
  const firmware = fields.u32('firmware');
  const slots = decodeSlots(fault, fields);
  fields.end('identity');
  if (isZero(sn)) throw fault('the SN is zero');
  if (tries > MAX_TRIES) throw fault(`tries is ${tries}, more than ${MAX_TRIES}`, '4.7');
  if (lifecycle === 'blank' ? set !== 0 || tkv !== 0 : tkv === 0) {
    throw fault(`SET ${hexNumber(set, 8)} and TKV ${tkv} contradict the lifecycle "${lifecycle}"`);
  }
  return { sn, set, tkv, profile, suites, lifecycle, tries, signatureRequired, capabilities, firmware, slots };
}

function decodeSuites(fault: Fault, bytes: Uint8Array): readonly number[] {
  const suites = [...bytes];
  if (new Set(suites).size !== suites.length) throw fault('a suite is listed twice');
  for (const suite of suites) {
    if (!DEFINED_SUITES.includes(suite)) throw fault(`suite ${suite} is not defined`, '2');
  }
  return suites;
}

function decodeCapabilities(fault: Fault, byte: number): Capabilities {
  if ((byte & ~(KEEPS_CHALLENGE | EXTENDED_LENGTH | IDENTIFY)) !== 0) {
    throw fault(`capabilities ${byte} are not defined`);
  }
  return {
    keepsChallenge: (byte & KEEPS_CHALLENGE) !== 0,
    extendedLength: (byte & EXTENDED_LENGTH) !== 0,
    identify: (byte & IDENTIFY) !== 0,
  };
}

function decodeSlots(fault: Fault, fields: Fields): readonly Slot[] {
  const slots: Slot[] = [];
  const seen = new Set<number>();
  for (let left = fields.u8('nSlots'); left > 0; left--) {
    const slot = decodeSlot(fault, fields);
    if (seen.has(slot.ref2)) throw fault(`slot ${hexNumber(slot.ref2, 4)} is listed twice`);
    seen.add(slot.ref2);
    slots.push(slot);
  }
  return slots;
}

function decodeSlot(fault: Fault, fields: Fields): Slot {
  const ref2 = fields.u16('REF2 of a slot');
  const state = fields.choice('slot state', { 0: 'empty', 1: 'key' } as const);
  const akv = fields.u32('AKV of a slot');
  const attributes = fields.bytes(7, 'ATTR of a slot');
  const kcv = fields.bytes(5, 'KCV of a slot');
  if (ref2 === ANY_SLOT || ref2 === TRANSPORT_KEY_SLOT) throw fault(`slot ${hexNumber(ref2, 4)} is never listed`);
  if (akv === INVALID_AKV) throw fault(`slot ${hexNumber(ref2, 4)} has AKV FFFFFFFF`, '3.3');
  if (state === 'empty') {
    if (!isZero(attributes) || !isZero(kcv)) throw fault(`slot ${hexNumber(ref2, 4)} is empty but has ATTR or KCV`);
    return { ref2, state, akv, attributes: '', kcv };
  }
  const text = fromAscii(attributes);
  if (!isAttributes(text))
    throw fault(`slot ${hexNumber(ref2, 4)} has an ATTR other than 7 upper-case letters and digits`, '3.3');
  return { ref2, state, akv, attributes: text, kcv };
}
