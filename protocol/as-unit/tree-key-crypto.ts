// Implements KeyCrypto with the key tree of docs/protocol.md clause 3.2. A KeyStore has T or K_D,
// and returns copies of TA and keys derived from K_D. TreeKeyCrypto derives and wipes all other
// keys.
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

/** A store of TA and of either T or K_D. The caller wipes every key that the store returns. */
export interface KeyStore {
  /**
   * Returns KDF(K_D of the unit, label, context), 32 bytes. `context` has 32 bytes. A store with
   * non-extractable keys derives this key internally.
   */
  deriveFromDeviceKey(unit: UnitId, family: KdfFamily, label: Label, context: Uint8Array): Promise<Bytes>;
  /** Returns a copy of TA, 16, 24 or 32 bytes. */
  copyApplicationKey(set: number, ref1: number): Promise<Bytes>;
  /**
   * Returns a copy of the key that the unit stores for this TKV (clause 8), 32 bytes: T in a shared
   * set, K_D in a diversified set. Uses the profile of the set and not the profile that the unit
   * reports, so that T of a diversified set never leaves the AS.
   */
  copyTransportKeyFor(unit: UnitId, family: KdfFamily): Promise<Bytes>;
  /** Returns SIG over DATA: Ed25519, 64 bytes. */
  signData(message: Uint8Array): Promise<Bytes>;
  readonly random: Random;
}

export class TreeKeyCrypto implements KeyCrypto {
  readonly #store: KeyStore;

  constructor(store: KeyStore) {
    this.#store = store;
  }

  async verifyChallenge(challenge: Challenge, mac: Uint8Array): Promise<void> {
    const { suite, unit } = challenge;
    const key = await this.#store.deriveFromDeviceKey(unit, SUITES[suite].family, 'TKL1CHL', deviceContext(unit));
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
      const sealed = sealData(header, keys, key, this.#store.random);
      if (!header.signed) return { data: sealed, kcv };
      return { data: concat(sealed, await this.#store.signData(signatureInput(context, sealed))), kcv };
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

  /** Returns a copy of the key for BODY; undefined for an erasure (clause 8). */
  async #copyKey(header: Header): Promise<Bytes | undefined> {
    const { set, ref1, akv, sn, suite } = header;
    switch (entryKind(header)) {
      case 'erasing':
        return undefined;
      case 'transport-key':
        return this.#store.copyTransportKeyFor({ set, tkv: akv, sn }, SUITES[suite].family);
      case 'key':
        return this.#store.copyApplicationKey(set, ref1);
    }
  }

  async #operationKeys(header: Header, context: Bytes): Promise<OperationKeys> {
    const { family } = SUITES[header.suite];
    return deriveOperationKeys(
      family,
      await this.#store.deriveFromDeviceKey(header, family, 'TKL1OPK', context),
      context,
    );
  }
}
