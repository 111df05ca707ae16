// The vault journal: a hash chain of entries that begins with the hash of the vault's header. The
// page appends entries and returns the signed journal to the AS (docs/protocol.md clause 10.4).
import * as v from 'valibot';
import { type Bytes, concat } from '../bytes/bytes.ts';
import { toBase64url, utf8 } from '../bytes/text.ts';
import { sha256 } from '../crypto/prf.ts';
import { readDocument } from '../json/document.ts';
import { bytes, custom, integer, type Json, list, printable } from '../json/schema.ts';
import { hash } from '../service/messages.ts';
import { decodeHeader, HEADER_LENGTH, type Header } from '../tkl/header.ts';
import { RECEIPT_LENGTH } from '../tkl/receipt.ts';
import { base64url, vaultTime } from './fields.ts';
import type { VaultFindingOf } from './findings.ts';

export const JOURNAL_TYPE = 'application/vnd.keyferry.vault-journal+json';
/**
 * Maximum number of entries: two for each of MAX_EXPORTS exports, and as many again for unlocking
 * and locking.
 */
export const MAX_ENTRIES = 8000;

const EVENTS = {
  unlocked: v.object({
    kind: v.picklist(['unlocked']),
    by: v.picklist(['passphrase', 'passkey']),
    /** Number of wrong passphrases since the vault was last unlocked. */
    refused: integer(0, 0xffffffff),
  }),
  export: v.object({
    kind: v.picklist(['export']),
    /** HDR of DATA. Decoding throws data-malformed for an invalid HDR. */
    header: v.pipe(
      bytes(HEADER_LENGTH),
      custom<string>((header) => Boolean(headerOf({ header: header as string })), 'HDR'),
    ),
    /** R. */
    random: bytes(16),
    /** SHA-256(DATA). */
    dataHash: hash,
    idempotencyKey: bytes(16),
    workOrder: v.nullable(printable(64)),
  }),
  receipt: v.object({
    kind: v.picklist(['receipt']),
    xc: integer(1, 0xfffffffe),
    receipt: bytes(RECEIPT_LENGTH),
  }),
  locked: v.object({ kind: v.picklist(['locked']), why: v.picklist(['asked', 'idle', 'hidden', 'closed']) }),
};
const unknownEventSchema = custom<never>(() => false, 'an event of a known kind');

const vaultEventSchema = v.lazy((value) => {
  const { kind } = typeof value === 'object' && value !== null ? (value as { kind?: unknown }) : {};
  return Object.hasOwn(EVENTS, kind as string) ? EVENTS[kind as keyof typeof EVENTS] : unknownEventSchema;
});
export type VaultEventJson = Json<typeof vaultEventSchema>;

const vaultEntrySchema = v.object({
  /** Starts at 1 and has no gaps. */
  number: integer(1, 0xffffffff),
  time: vaultTime,
  /** SHA-256 of the previous entry. In the first entry, SHA-256 of the vault's header. */
  previous: hash,
  event: vaultEventSchema,
});
export type VaultEntryJson = Json<typeof vaultEntrySchema>;

/** Payload of an envelope of type JOURNAL_TYPE. */
const vaultJournalSchema = v.object({
  format: v.picklist([1]),
  vaultId: bytes(16),
  asNumber: integer(1, 0xffff),
  /** When the journal was signed. */
  time: vaultTime,
  /** All entries since the vault was issued. */
  entries: list(vaultEntrySchema, 0, MAX_ENTRIES),
});
export type VaultJournalJson = Json<typeof vaultJournalSchema>;

/** Returns SHA-256 of the entry's JSON text, with the members in the order of the schema. */
export function hashVaultEntry(entry: VaultEntryJson): Bytes {
  return sha256(utf8(JSON.stringify(readDocument(vaultEntrySchema, entry, 'entry'))));
}

/** Returns the entry after `last`. The first entry contains `headerHash`, 32 bytes. */
export function nextVaultEntry(
  last: VaultEntryJson | undefined,
  headerHash: Uint8Array,
  entryTime: string,
  event: VaultEventJson,
): VaultEntryJson {
  const previous = toBase64url(last === undefined ? headerHash : hashVaultEntry(last));
  return { number: (last?.number ?? 0) + 1, time: entryTime, previous, event };
}

export type ChainBreak =
  | VaultFindingOf<'entry-missing'>
  | VaultFindingOf<'entry-unchained'>
  | VaultFindingOf<'export-missing'>;

/** Returns each break of the hash chain and each gap in XC. */
export function findChainBreaks(entries: readonly VaultEntryJson[], headerHash: Uint8Array): ChainBreak[] {
  const breaks: ChainBreak[] = [];
  let previous = toBase64url(headerHash);
  let number = 0;
  let xc = 0;
  for (const entry of entries) {
    const expected = number + 1;
    number = entry.number;
    if (number !== expected) {
      const words = `entry ${expected} is missing before entry ${number}`;
      breaks.push({ kind: 'entry-missing', values: { entry: expected, before: number }, words });
    } else if (entry.previous !== previous) {
      const words = `entry ${number} does not continue the one before it`;
      breaks.push({ kind: 'entry-unchained', values: { entry: number }, words });
    }
    if (entry.event.kind === 'export') {
      const header = headerOf(entry.event);
      if (header.xc !== xc + 1) {
        const words = `export ${xc + 1} is missing before export ${header.xc}`;
        breaks.push({ kind: 'export-missing', values: { xc: xc + 1, before: header.xc }, words });
      }
      xc = header.xc;
    }
    previous = toBase64url(hashVaultEntry(entry));
  }
  return breaks;
}

/** Decodes HDR of an export entry. @throws ProtocolError data-malformed */
export function headerOf({ header }: { readonly header: string }): Header {
  return decodeHeader(base64url(header, 'header'));
}

/** Decodes the payload of a verified envelope. @throws ProtocolError vault-malformed */
export function decodeVaultJournal(value: unknown): VaultJournalJson {
  return readDocument(vaultJournalSchema, value, 'journal', 'vault-malformed');
}

/** Returns the payload to sign, of type JOURNAL_TYPE. */
export function encodeVaultJournal(journal: VaultJournalJson): Bytes {
  return concat(utf8(JSON.stringify(readDocument(vaultJournalSchema, journal, 'journal'))));
}
