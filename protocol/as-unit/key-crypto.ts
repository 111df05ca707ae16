// What an AS does with keys, and the only room where T, K_D, T1 and TA are ever in clear (docs/protocol.md clause 1, claims 1, 16 and
// 17). Octets in, octets out, and never a key: so a vault with keys that JavaScript cannot read, a card or an HSM can stand behind it.
import type { Bytes } from '../bytes/bytes.ts';
import type { Kcv } from '../tkl/body.ts';
import type { Challenge } from '../tkl/challenge.ts';
import type { Header } from '../tkl/header.ts';
import type { ExpectedReceipt } from '../tkl/receipt.ts';

/** Keys are named by what HDR says: T by SET and TKV, TA by SET and REF1. Each operation erases whatever it derived. */
export interface KeyCrypto {
  /** @throws IntegrityError when CHM (16 bytes) does not prove that the unit holds its device key */
  verifyChallenge(challenge: Challenge, mac: Uint8Array): Promise<void>;
  /**
   * DATA as HDR and R (16 bytes) ask for it, signed where HDR says so, and the KCV of the key inside: TA, or by clause 8 what the unit
   * is to keep for T, or nothing.
   */
  sealKey(header: Header, random: Uint8Array): Promise<{ readonly data: Bytes; readonly kcv: Kcv }>;
  /** @throws IntegrityError when the receipt is not what the unit of that export, made for R, would have answered */
  verifyReceipt(receipt: Uint8Array, expected: ExpectedReceipt, random: Uint8Array): Promise<void>;
}
