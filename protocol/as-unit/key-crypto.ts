// The interface to the key operations of an AS (docs/protocol.md clause 1, claims 1, 16 and 17). No
// argument and no result contains a key, so T, K_D, T1 and TA never leave the implementation. A
// vault with non-extractable keys, a card or an HSM can implement the interface.
import type { Bytes } from '../bytes/bytes.ts';
import type { Kcv } from '../tkl/body.ts';
import type { Challenge } from '../tkl/challenge.ts';
import type { Header } from '../tkl/header.ts';
import type { ExpectedReceipt } from '../tkl/receipt.ts';

/**
 * HDR identifies the keys: T by SET and TKV, TA by SET and REF1. Each operation wipes the keys that
 * it derives.
 */
export interface KeyCrypto {
  /** @throws IntegrityError when `mac` (16 bytes) is not CHM of this challenge */
  verifyChallenge(challenge: Challenge, mac: Uint8Array): Promise<void>;
  /**
   * Seals DATA for HDR and R (16 bytes), with SIG if HDR has the flag. Returns DATA and the KCV of
   * the sealed key: TA, the next T or K_D, or none for an erasure (clause 8).
   */
  sealKey(header: Header, random: Uint8Array): Promise<{ readonly data: Bytes; readonly kcv: Kcv }>;
  /**
   * Verifies a receipt. `random` is R of the export.
   * @throws IntegrityError when the receipt does not match the export
   */
  verifyReceipt(receipt: Uint8Array, expected: ExpectedReceipt, random: Uint8Array): Promise<void>;
}
