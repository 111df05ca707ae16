// Records of vaults without a vault file: a header, entries of a vault journal, and receipts.
import { VaultRecord } from '#as-service/vaults/vault-ledger.ts';
import { type Bytes, concat } from '#protocol/bytes/bytes.ts';
import { fromHex } from '#protocol/bytes/hex.ts';
import { ascii, toBase64url } from '#protocol/bytes/text.ts';
import { encodeHeader, type Header } from '#protocol/tkl/header.ts';
import { sealReceipt } from '#protocol/tkl/receipt.ts';
import type { VaultHeaderJson } from '#protocol/vault/header.ts';
import { nextVaultEntry, type VaultEntryJson, type VaultEventJson } from '#protocol/vault/journal.ts';
import { TEST_SET, TEST_SN } from './as-service.ts';

export const OTHER_SN = '00000000000000004549000000000008';
export const HEADER_HASH = new Uint8Array(32).fill(5);
const filled = (length: number, fill: number): string => toBase64url(new Uint8Array(length).fill(fill));
const KEY = { label: 'Data key', attributes: 'D0AB00N', akv: 1, kcv: 'AABBCCDDEE01' };

/** The header of vault 0007: REF1 0103 for slot 2 and REF1 0104 for any slot, for two units. */
export const VAULT_HEADER = {
  vaultId: filled(16, 1),
  asNumber: 7,
  custodian: 'cora',
  issued: '2026-11-01T00:00:00.000Z',
  notBefore: '2026-11-01T00:00:00.000Z',
  expires: '2026-12-01T00:00:00.000Z',
  set: {
    ...{ set: TEST_SET, name: 'Test set', profile: 'diversified', demo: false },
    transportKeys: [{ tkv: 1, suites: [1] }],
    keys: [
      { ...KEY, ref1: 0x0103, slot: 2 },
      { ...KEY, ref1: 0x0104, slot: 0xffff },
      { ...KEY, ref1: 0x0105, slot: 4, attributes: '' },
    ],
  },
  units: [TEST_SN, OTHER_SN],
  quota: { exports: 10, perUnit: null },
} as unknown as VaultHeaderJson;

export function vaultRecord(change: Partial<VaultHeaderJson> = {}): VaultRecord {
  const header = { ...VAULT_HEADER, ...change };
  return new VaultRecord({ header, headerHash: new Uint8Array(HEADER_HASH), journalPublicKey: new Uint8Array(32) });
}

/** Returns the HDR of an export that VAULT_HEADER permits. */
export function exportHeader(xc: number, change: Partial<Header> = {}): Header {
  return {
    ...{ suite: 1, signed: false, tkv: 1, asNumber: 7, set: TEST_SET, ref1: 0x0103, slot: 2, akv: 1, xc },
    ...{ sn: fromHex(TEST_SN), attributes: 'D0AB00N' },
    ...change,
  };
}

/** `fill` is the content of SHA-256(DATA). */
export function exportEvent(
  xc: number,
  change: Partial<Header> = {},
  { fill = xc, workOrder = null }: { fill?: number; workOrder?: string | null } = {},
): Extract<VaultEventJson, { kind: 'export' }> {
  return {
    ...{ kind: 'export', header: toBase64url(encodeHeader(exportHeader(xc, change))), random: filled(16, fill) },
    ...{ dataHash: filled(32, fill), idempotencyKey: filled(16, fill), workOrder },
  };
}

/** Returns entries with these events, a minute apart from 2026-11-10T12:00 on. */
export function entriesOf(events: readonly VaultEventJson[], from = '2026-11-10T12:00:00.000Z'): VaultEntryJson[] {
  const entries: VaultEntryJson[] = [];
  for (const [index, event] of events.entries()) {
    const time = new Date(Date.parse(from) + index * 60_000).toISOString();
    entries.push(nextVaultEntry(entries.at(-1), HEADER_HASH, time, event));
  }
  return entries;
}

/** Returns a receipt whose MAC is under the published key `keyFill`. */
export function receiptOf(xc: number, importCounter: number, sn: string = TEST_SN, keyFill = 1): Bytes {
  const { suite, ref1, tkv, akv, asNumber, slot } = exportHeader(xc);
  const kcv = { value: new Uint8Array(5), algorithm: 1 } as const;
  const receiptKey = new Uint8Array(concat(ascii('receipt key '), new Uint8Array(20).fill(keyFill)));
  const fields = { suite, ref2: slot, ref1, tkv, akv, xc, sn: fromHex(sn), kcv, asNumber, importCounter };
  return sealReceipt(fields, { receiptKey }, new Uint8Array(32));
}
