// KeyCrypto by the key tree of docs/protocol.md clause 3, over a room that keeps the roots: the room gives children of K_D and copies
// of TA, everything below is computed here and wiped here. Knows nothing of where and how the roots are kept.
import { type Bytes, concat, wipe } from '../bytes/bytes.ts';
import { type Kcv, keyCheckValue, NO_KCV, type Random } from '../tkl/body.ts';
import { type Challenge, verifyChallengeMac } from '../tkl/challenge.ts';
import { sealData, signatureInput } from '../tkl/data.ts';
import { encodeHeader, type Header } from '../tkl/header.ts';
import {
  deriveOperationKeys,
  deviceContext,
  type Label,
  type OperationKeys,
  operationContext,
  type UnitId,
  wipeOperationKeys,
} from '../tkl/key-tree.ts';
import { type ExpectedReceipt, verifyReceipt } from '../tkl/receipt.ts';
import { type KdfFamily, SUITES } from '../tkl/suites.ts';
import { entryKind } from './entry.ts';
import type { KeyCrypto } from './key-crypto.ts';

/** The keeper of T (or of K_D alone) and TA. What it returns is the caller's to wipe. */
export interface KeyStore {
  /** KDF(K_D of that unit, label, context), 32 bytes; `context` has 32 bytes. A key that cannot be read derives this inside. */
  deriveFromDeviceKey(unit: UnitId, family: KdfFamily, label: Label, context: Uint8Array): Promise<Bytes>;
  /** A copy of TA, 16, 24 or 32 bytes. */
  copyApplicationKey(set: number, ref1: number): Promise<Bytes>;
  /**
   * A copy of what that unit is to keep under that TKV (clause 8), 32 bytes: T in a shared set. In a diversified one its K_D, whatever
   * the unit says of itself: T never leaves the AS then.
   */
  copyTransportKeyFor(unit: UnitId, family: KdfFamily): Promise<Bytes>;
  /** SIG over DATA: Ed25519, 64 bytes. */
  signData(message: Uint8Array): Promise<Bytes>;
  readonly random: Random;
}

export class TreeKeyCrypto implements KeyCrypto {
  readonly #room: KeyStore;

  constructor(room: KeyStore) {
    this.#room = room;
  }

  async verifyChallenge(challenge: Challenge, mac: Uint8Array): Promise<void> {
    const { suite, unit } = challenge;
    const key = await this.#room.deriveFromDeviceKey(unit, SUITES[suite].family, 'TKL1CHL', deviceContext(unit));
    try {
      verifyChallengeMac(key, challenge, mac);
    } finally {
      wipe(key);
    }
  }

  async sealKey(header: Header, random: Uint8Array): Promise<{ data: Bytes; kcv: Kcv }> {
    const context = operationContext(encodeHeader(header), random);
    const key = await this.#copyKey(header);
    let keys: OperationKeys | undefined;
    try {
      keys = await this.#operationKeys(header, context);
      const kcv = key === undefined ? NO_KCV : keyCheckValue(header.attributes, key);
      const sealed = sealData(header, keys, key, this.#room.random);
      if (!header.signed) return { data: sealed, kcv };
      return { data: concat(sealed, await this.#room.signData(signatureInput(context, sealed))), kcv };
    } finally {
      wipeOperationKeys(keys);
      wipe(key);
    }
  }

  async verifyReceipt(receipt: Uint8Array, expected: ExpectedReceipt, random: Uint8Array): Promise<void> {
    const context = operationContext(encodeHeader(expected.header), random);
    const keys = await this.#operationKeys(expected.header, context);
    try {
      verifyReceipt(receipt, expected, keys);
    } finally {
      wipeOperationKeys(keys);
    }
  }

  /** What goes into BODY; nothing where HDR erases (clause 8). */
  async #copyKey(header: Header): Promise<Bytes | undefined> {
    const { set, ref1, akv, sn, suite } = header;
    switch (entryKind(header)) {
      case 'erasing':
        return undefined;
      case 'transport-key':
        return this.#room.copyTransportKeyFor({ set, tkv: akv, sn }, SUITES[suite].family);
      case 'key':
        return this.#room.copyApplicationKey(set, ref1);
    }
  }

  async #operationKeys(header: Header, context: Bytes): Promise<OperationKeys> {
    const { family } = SUITES[header.suite];
    return deriveOperationKeys(
      family,
      await this.#room.deriveFromDeviceKey(header, family, 'TKL1OPK', context),
      context,
    );
  }
}
