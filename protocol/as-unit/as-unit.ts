// The AS itself (docs/protocol.md clauses 3 and 4, AS side): EXPORTKEY and VERIFYRECEIPT over what it remembers (Memory) and what it
// may do with keys (KeyCrypto). It serves the service, the vault and the card alike, and knows nothing of HTTP, APDUs or operators.
import { KeyedMutex } from '../async/mutex.ts';
import { concat, copy, equalBytes, requireLength } from '../bytes/bytes.ts';
import { hexNumber } from '../bytes/hex.ts';
import { toBase64url } from '../bytes/text.ts';
import { sha256 } from '../crypto/prf.ts';
import { IntegrityError, ProtocolError } from '../errors.ts';
import { ANY_SLOT, decodeHeader, type Header, TRANSPORT_KEY_SLOT } from '../tkl/header.ts';
import type { UnitId } from '../tkl/key-tree.ts';
import { decodeReceipt, RECEIPT_LENGTH } from '../tkl/receipt.ts';
import { type KdfFamily, SUITES } from '../tkl/suites.ts';
import { entryKind } from './entry.ts';
import type { KeyCrypto } from './key-crypto.ts';
import type { ExportRecord, KeyFacts, Memory, UnitExportRequest } from './memory.ts';

/** XC and AKV end here: FFFFFFFF is refused by every unit. */
const COUNTER_END = 0xffffffff;

export class AsUnit<Caller = undefined> {
  readonly #memory: Memory<Caller>;
  readonly #crypto: KeyCrypto;
  /** The newest step under each name; the next one of that name waits for it. */
  readonly #mutex = new KeyedMutex();

  constructor(memory: Memory<Caller>, crypto: KeyCrypto) {
    this.#memory = memory;
    this.#crypto = crypto;
  }

  /**
   * EXPORTKEY. The record is durable before it is returned; the same request again returns the same record.
   * @throws ProtocolError request-refused, set-unknown, key-unknown, slot-not-permitted, transport-key-current, challenge-refused,
   *   challenge-reused, and what Memory refuses: not-allowed, unit-not-listed, demo-refused, quota-used, unit-quota-used
   */
  async exportKey(request: UnitExportRequest, caller: Caller): Promise<ExportRecord> {
    requireLength('sn', request.unit.sn, 16);
    requireLength('random', request.random, 16);
    requireLength('challengeMac', request.challengeMac, 16);
    const key = await this.#findKey(request, caller);
    await this.#memory.authorise(request, caller);
    await this.#verifyChallenge(request);
    // One challenge at a time: a twin that arrives meanwhile finds on file what the first one made.
    return this.#mutex.run(challengeName(request), () => this.#findOrMake(request, key, caller));
  }

  /**
   * VERIFYRECEIPT for the export with that XC (a card reads it from the receipt). The same receipt again is a success.
   * @throws ProtocolError export-unknown, receipt-refused, receipt-conflict
   */
  async verifyReceipt(xc: number, receipt: Uint8Array, caller: Caller): Promise<void> {
    requireLength('receipt', receipt, RECEIPT_LENGTH);
    const record = await this.#memory.findExportByCounter(xc);
    if (record === undefined) throw new ProtocolError('export-unknown', `This AS made no export number ${xc}.`);
    const expected = { header: decodeHeader(record.data), dataHash: sha256(record.data), kcv: record.kcv };
    try {
      // A receipt that cannot be read is refused like one that does not verify: both are not this unit's word.
      decodeReceipt(receipt);
      await this.#crypto.verifyReceipt(receipt, expected, record.random);
    } catch (cause) {
      if (!(cause instanceof ProtocolError)) throw cause;
      throw new ProtocolError('receipt-refused', 'The receipt is not the one that this unit gives for this export.', {
        cause,
      });
    }
    await this.#mutex.run(`XC ${xc}`, () => this.#commitReceipt(xc, receipt, caller));
  }

  async #findKey({ unit, suite, ref1, ref2 }: UnitExportRequest, caller: Caller): Promise<KeyFacts> {
    const transportKey = await this.#memory.findTransportKey(unit.set, unit.tkv, caller);
    if (transportKey === undefined) {
      throw new ProtocolError(
        'set-unknown',
        `This AS holds no set ${setName(unit.set)} with transport key ${unit.tkv}.`,
      );
    }
    if (SUITES[suite].family !== transportKey.family) {
      throw new ProtocolError(
        'request-refused',
        `Transport key ${unit.tkv} of set ${setName(unit.set)} does not serve suite ${suite}.`,
      );
    }
    const key = await this.#memory.findKey(unit.set, ref1);
    if (key === undefined) {
      throw new ProtocolError('key-unknown', `Set ${setName(unit.set)} has no key with REF1 ${ref1}.`);
    }
    if (ref2 !== undefined && !isSlotAllowed(key, ref2)) {
      throw new ProtocolError('slot-not-permitted', `The key with REF1 ${ref1} may not go into slot ${ref2}.`);
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
        'The challenge does not prove that this unit holds the key of its set and serial number.',
        { cause },
      );
    }
  }

  async #findOrMake(request: UnitExportRequest, key: KeyFacts, caller: Caller): Promise<ExportRecord> {
    const onFile = await this.#memory.findExport(request.unit.sn, request.random);
    if (onFile === undefined) return this.#make(request, key, caller);
    if (isRepeat(request, onFile)) return onFile;
    throw new ProtocolError(
      'challenge-reused',
      'This challenge was used for another export. Ask the unit for a new challenge.',
    );
  }

  async #make(request: UnitExportRequest, key: KeyFacts, caller: Caller): Promise<ExportRecord> {
    const { unit, suite, sign, ref1, ref2 } = request;
    const reservation = await this.#memory.reserveExport(request, caller);
    try {
      if (reservation.xc >= COUNTER_END || key.akv >= COUNTER_END) {
        throw new ProtocolError('quota-used', 'A counter of this AS has reached its end.');
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

  async #commitReceipt(xc: number, receipt: Uint8Array, caller: Caller): Promise<void> {
    const record = await this.#memory.findExportByCounter(xc);
    if (record?.receipt === undefined) {
      if (record !== undefined) await this.#memory.commitReceipt(record, receipt, caller);
      return;
    }
    if (equalBytes(record.receipt, receipt)) return;
    throw new ProtocolError('receipt-conflict', 'Another receipt is on file for this export.');
  }
}

/** Clause 8: TKV only rises, and the KDF family stays. @throws ProtocolError transport-key-current, key-unknown */
function requireNewer(unit: UnitId, { ref1, akv }: KeyFacts, family: KdfFamily, next: KdfFamily | undefined): void {
  if (akv <= unit.tkv) {
    throw new ProtocolError(
      'transport-key-current',
      `The unit has transport key ${unit.tkv}, and REF1 ${ref1} brings ${akv}.`,
    );
  }
  if (next === family) return;
  throw new ProtocolError(
    'key-unknown',
    `Set ${setName(unit.set)} has no transport key ${akv} of the family of ${unit.tkv}.`,
  );
}

/** SLOT of the key, or any slot but the transport-key slot where SLOT is FFFF. */
function isSlotAllowed(key: KeyFacts, ref2: number): boolean {
  if (key.slot === ANY_SLOT) return ref2 !== TRANSPORT_KEY_SLOT && ref2 !== ANY_SLOT;
  return key.slot === ref2;
}

/** The same key for the same unit and slot in the same suite; SN and R are what the record was found by. */
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

/** (SN, R), by which the AS remembers a challenge (clause 3). */
function challengeName({ unit, random }: UnitExportRequest): string {
  return toBase64url(concat(unit.sn, random));
}

function setName(set: number): string {
  return hexNumber(set, 8);
}
