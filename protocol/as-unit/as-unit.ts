// EXPORTKEY and VERIFYRECEIPT of an AS (docs/protocol.md clauses 3 and 4), which service, vault and
// card share. Memory stores the records and authorises the caller, and KeyCrypto has the keys.
// verify-receipt.ts implements VERIFYRECEIPT.
import { KeyedMutex } from '../async/mutex.ts';
import { concat, copy, requireLength } from '../bytes/bytes.ts';
import { hexNumber } from '../bytes/hex.ts';
import { toBase64url } from '../bytes/text.ts';
import { IntegrityError, ProtocolError } from '../errors.ts';
import { ANY_SLOT, decodeHeader, type Header, TRANSPORT_KEY_SLOT } from '../tkl/header.ts';
import type { UnitId } from '../tkl/key-tree.ts';
import { type KdfFamily, SUITES } from '../tkl/suites.ts';
import { entryKind } from './entry.ts';
import type { KeyCrypto } from './key-crypto.ts';
import type { ExportRecord, KeyFacts, Memory, UnitExportRequest } from './memory.ts';
import { verifyReceipt } from './verify-receipt.ts';

/** The first value that is invalid for XC and AKV: every unit refuses FFFFFFFF. */
const COUNTER_END = 0xffffffff;

export class AsUnit<Caller = undefined> {
  readonly #memory: Memory<Caller>;
  readonly #crypto: KeyCrypto;
  /** Serialises exports for the same challenge, and receipts of the same export. */
  readonly #mutex = new KeyedMutex();

  constructor(memory: Memory<Caller>, crypto: KeyCrypto) {
    this.#memory = memory;
    this.#crypto = crypto;
  }

  /**
   * Runs EXPORTKEY. The record is durable before it is returned. A repeated request returns the
   * same record.
   * @throws ProtocolError request-refused, set-unknown, key-unknown, slot-not-permitted,
   *   transport-key-current, challenge-refused, challenge-reused; from Memory not-allowed,
   *   unit-not-listed, demo-refused, quota-used, unit-quota-used
   */
  async exportKey(request: UnitExportRequest, caller: Caller): Promise<ExportRecord> {
    requireLength('sn', request.unit.sn, 16);
    requireLength('random', request.random, 16);
    requireLength('challengeMac', request.challengeMac, 16);
    const key = await this.#findKey(request, caller);
    await this.#memory.authorise(request, caller);
    await this.#verifyChallenge(request);
    // A concurrent request with the same challenge waits here and then finds the export of the
    // first request.
    return this.#mutex.run(lockName(request), () => this.#findOrMake(request, key, caller));
  }

  /**
   * Runs VERIFYRECEIPT for the export with this XC (verify-receipt.ts). A card reads XC from the
   * receipt.
   * @throws ProtocolError export-unknown, receipt-refused, receipt-conflict
   */
  verifyReceipt(xc: number, receipt: Uint8Array, caller: Caller): Promise<void> {
    return verifyReceipt(xc, receipt, { memory: this.#memory, crypto: this.#crypto, mutex: this.#mutex, caller });
  }

  async #findKey({ unit, suite, ref1, ref2 }: UnitExportRequest, caller: Caller): Promise<KeyFacts> {
    const transportKey = await this.#memory.findTransportKey(unit.set, unit.tkv, caller);
    if (transportKey === undefined) {
      throw new ProtocolError('set-unknown', `This AS has no set ${setName(unit.set)} with transport key ${unit.tkv}.`);
    }
    if (SUITES[suite].family !== transportKey.family) {
      throw new ProtocolError(
        'request-refused',
        `Transport key ${unit.tkv} of set ${setName(unit.set)} is not for suite ${suite}.`,
      );
    }
    const key = await this.#memory.findKey(unit.set, ref1);
    if (key === undefined) {
      throw new ProtocolError('key-unknown', `Set ${setName(unit.set)} has no key with REF1 ${hexNumber(ref1, 4)}.`);
    }
    if (ref2 !== undefined && !isSlotAllowed(key, ref2)) {
      throw new ProtocolError(
        'slot-not-permitted',
        `The key with REF1 ${hexNumber(ref1, 4)} is not permitted in slot ${hexNumber(ref2, 4)}.`,
      );
    }
    if (entryKind(key) === 'transport-key') {
      const next = await this.#memory.findTransportKey(unit.set, key.akv, caller);
      requireNewer(unit, key, transportKey.family, next?.family);
    }
    return key;
  }

  async #verifyChallenge({ suite, unit, random, challengeMac }: UnitExportRequest): Promise<void> {
    try {
      await this.#crypto.verifyChallenge({ suite, unit, random }, challengeMac);
    } catch (cause) {
      if (!(cause instanceof IntegrityError)) throw cause;
      throw new ProtocolError(
        'challenge-refused',
        'The challenge does not prove that this unit has the key of its set and serial number.',
        { cause },
      );
    }
  }

  async #findOrMake(request: UnitExportRequest, key: KeyFacts, caller: Caller): Promise<ExportRecord> {
    const earlier = await this.#memory.findExport(request.unit.sn, request.random);
    if (earlier === undefined) return this.#make(request, key, caller);
    if (isRepeat(request, earlier)) return earlier;
    throw new ProtocolError(
      'challenge-reused',
      'This challenge was used for another export. Get a new challenge from the unit.',
    );
  }

  async #make(request: UnitExportRequest, key: KeyFacts, caller: Caller): Promise<ExportRecord> {
    const { unit, suite, sign, ref1, ref2 } = request;
    const reservation = await this.#memory.reserveExport(request, caller);
    try {
      if (reservation.xc >= COUNTER_END || key.akv >= COUNTER_END) {
        throw new ProtocolError('quota-used', 'A counter of this AS has reached its maximum.');
      }
      const header: Header = {
        suite,
        signed: sign,
        tkv: unit.tkv,
        asNumber: this.#memory.asNumber,
        set: unit.set,
        ref1,
        slot: ref2 ?? key.slot,
        akv: key.akv,
        xc: reservation.xc,
        sn: unit.sn,
        attributes: key.attributes,
      };
      const { data, kcv } = await this.#crypto.sealKey(header, request.random);
      const record: ExportRecord = { random: copy(request.random), data, kcv, receipt: undefined };
      await reservation.commit(record);
      return record;
    } catch (cause) {
      reservation.release();
      throw cause;
    }
  }
}

/**
 * Checks the new T of a key entry (clause 8). Its TKV must be greater than the TKV of the unit. Its
 * KDF family must be that of the unit's current T.
 * @throws ProtocolError transport-key-current, key-unknown
 */
function requireNewer(unit: UnitId, { ref1, akv }: KeyFacts, family: KdfFamily, next: KdfFamily | undefined): void {
  if (akv <= unit.tkv) {
    throw new ProtocolError(
      'transport-key-current',
      `The unit has transport key ${unit.tkv}, and REF1 ${hexNumber(ref1, 4)} is version ${akv}.`,
    );
  }
  if (next === family) return;
  throw new ProtocolError(
    'key-unknown',
    `Set ${setName(unit.set)} has no transport key ${akv} in the KDF family of ${unit.tkv}.`,
  );
}

/**
 * True iff SLOT of the key permits `ref2`; FFFF permits every slot except the transport-key slot.
 */
function isSlotAllowed(key: KeyFacts, ref2: number): boolean {
  if (key.slot === ANY_SLOT) return ref2 !== TRANSPORT_KEY_SLOT && ref2 !== ANY_SLOT;
  return key.slot === ref2;
}

/**
 * True iff the record answers the request. Does not compare SN and R, because the record was found
 * by SN and R.
 */
function isRepeat(request: UnitExportRequest, record: ExportRecord): boolean {
  const header = decodeHeader(record.data);
  return (
    header.set === request.unit.set &&
    header.tkv === request.unit.tkv &&
    header.suite === request.suite &&
    header.signed === request.sign &&
    header.ref1 === request.ref1 &&
    (request.ref2 === undefined || header.slot === request.ref2)
  );
}

/** Returns the lock name of a challenge: SN ‖ R. */
function lockName({ unit, random }: UnitExportRequest): string {
  return toBase64url(concat(unit.sn, random));
}

function setName(set: number): string {
  return hexNumber(set, 8);
}
