// Verifies the receipts in a vault journal (docs/protocol.md clauses 3.8 and 10.5). The AS computes
// the expected KCV from its own keys and does not rely on what the vault verified.
import { entryKind } from '#protocol/as-unit/entry.ts';
import type { KeyCrypto } from '#protocol/as-unit/key-crypto.ts';
import type { KeyStore } from '#protocol/as-unit/tree-key-crypto.ts';
import { type Bytes, wipe } from '#protocol/bytes/bytes.ts';
import { fromBase64url } from '#protocol/bytes/text.ts';
import { ProtocolError } from '#protocol/errors.ts';
import { type Kcv, keyCheckValue, NO_KCV } from '#protocol/tkl/body.ts';
import type { Header } from '#protocol/tkl/header.ts';
import { decodeReceipt } from '#protocol/tkl/receipt.ts';
import { SUITES } from '#protocol/tkl/suites.ts';
import { headerOf } from '#protocol/vault/journal.ts';
import type { VerifiedReceipts } from '../ledger/receipt-verdict.ts';
import type { VaultExport } from './vault-ledger.ts';

export interface ReceiptCheck {
  readonly crypto: KeyCrypto;
  readonly keys: KeyStore;
  readonly verified: VerifiedReceipts;
}

/**
 * Returns whether the unit of the export made the receipt (64 bytes). Call this function only for
 * an export that the vault is permitted to make.
 */
export async function isReceiptOf(
  { crypto, keys }: ReceiptCheck,
  { event }: VaultExport,
  receipt: Uint8Array,
): Promise<boolean> {
  const header = headerOf(event);
  const expected = { header, dataHash: fromBase64url(event.dataHash), kcv: await expectedKcv(keys, header) };
  try {
    decodeReceipt(receipt);
    await crypto.verifyReceipt(receipt, expected, fromBase64url(event.random));
    return true;
  } catch (cause) {
    if (cause instanceof ProtocolError) return false;
    throw cause;
  }
}

async function expectedKcv(keys: KeyStore, header: Header): Promise<Kcv> {
  const kind = entryKind(header);
  if (kind === 'erasing') return NO_KCV;
  let key: Bytes | undefined;
  try {
    const { set, ref1, akv, sn, suite, attributes } = header;
    key =
      kind === 'key'
        ? await keys.copyApplicationKey(set, ref1)
        : await keys.copyTransportKeyFor({ set, tkv: akv, sn }, SUITES[suite].family);
    return keyCheckValue(attributes, key);
  } finally {
    wipe(key);
  }
}
