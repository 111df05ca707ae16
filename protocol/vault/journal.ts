// The vault journal (docs/protocol.md clause 10.4): a hash chain of entries that begins with the
// hash of the vault's header, and the signed document that returns it to the AS. Pure functions:
// the page stores the entries durably.
import { type Bytes, concat } from '../bytes/bytes.ts';
import { toBase64url, utf8 } from '../bytes/text.ts';
import { sha256 } from '../crypto/prf.ts';
import { array, integer, nullable, object, octets, oneOf, printable, type Read, refused } from '../json/read.ts';
import { decodeHeader, HEADER_LENGTH, type Header } from '../tkl/header.ts';
import { RECEIPT_LENGTH } from '../tkl/receipt.ts';
import { base64url, readVault, time } from './shape.ts';

export const JOURNAL_TYPE = 'application/vnd.keyferry.vault-journal+json';
/**
 * Maximum number of entries in one returned journal. Each export adds up to two entries, and each
 * unlocking and locking adds one.
 */
export const MAX_ENTRIES = 8000;

export type VaultEventJson =
  | {
      readonly kind: 'unlocked';
      readonly by: 'passphrase' | 'passkey';
      /** Number of failed passphrases since the last unlocking. */
      readonly refused: number;
    }
  | {
      readonly kind: 'export';
      /** HDR of DATA, 48 bytes: SET, TKV, SN, REF1, SLOT, AKV, XC and the vault's AS number. */
      readonly header: string;
      /** R, 16 bytes. */
      readonly random: string;
      /** SHA-256(DATA), 32 bytes. */
      readonly dataHash: string;
      readonly idempotencyKey: string;
      readonly workOrder: string | null;
    }
  | {
      readonly kind: 'receipt';
      readonly xc: number;
      /** 64 bytes. */
      readonly receipt: string;
    }
  | { readonly kind: 'locked'; readonly why: 'asked' | 'idle' | 'hidden' | 'closed' };

export interface VaultEntryJson {
  /** From 1, without gaps. */
  readonly number: number;
  readonly time: string;
  /**
   * SHA-256 of the entry before it, 32 bytes; in the first entry, SHA-256 of the vault's header.
   */
  readonly previous: string;
  readonly event: VaultEventJson;
}

/** Payload of the returned journal. */
export interface VaultJournalJson {
  readonly format: 1;
  readonly vaultId: string;
  readonly asNumber: number;
  /** Time when the vault signed the journal. */
  readonly time: string;
  /** All entries so far: every return contains the complete journal. */
  readonly entries: readonly VaultEntryJson[];
}

/** Number and hash of the newest entry, which the next entry continues. */
export interface VaultChainEnd {
  readonly number: number;
  /** 32 bytes. */
  readonly hash: Bytes;
}

/**
 * SHA-256 of the entry's canonical JSON text, 32 bytes. The order of the members in `entry` does
 * not matter.
 */
export function hashVaultEntry(entry: VaultEntryJson): Bytes {
  return sha256(utf8(JSON.stringify(readEntry(entry, 'entry'))));
}

/** Makes the next entry. `headerHash` (32 bytes) is `previous` in the first entry. */
export function nextVaultEntry(
  last: VaultEntryJson | undefined,
  headerHash: Uint8Array,
  entryTime: string,
  event: VaultEventJson,
): VaultEntryJson {
  const previous = toBase64url(last === undefined ? headerHash : hashVaultEntry(last));
  return { number: (last?.number ?? 0) + 1, time: entryTime, previous, event };
}

/**
 * One sentence for each place where an entry or an XC does not continue the one before. Empty for
 * an intact journal.
 */
export function findChainBreaks(entries: readonly VaultEntryJson[], headerHash: Uint8Array): string[] {
  const breaks: string[] = [];
  let previous = toBase64url(headerHash);
  let number = 0;
  let xc = 0;
  for (const entry of entries) {
    if (entry.number !== number + 1) breaks.push(`entry ${number + 1} is missing before entry ${entry.number}`);
    else if (entry.previous !== previous) breaks.push(`entry ${entry.number} does not continue the one before it`);
    if (entry.event.kind === 'export') {
      const header = headerOf(entry.event);
      if (header.xc !== xc + 1) breaks.push(`export ${xc + 1} is missing before export ${header.xc}`);
      xc = header.xc;
    }
    number = entry.number;
    previous = toBase64url(hashVaultEntry(entry));
  }
  return breaks;
}

/** Decodes HDR of an export entry. @throws ProtocolError data-malformed */
export function headerOf({ header }: { readonly header: string }): Header {
  return decodeHeader(base64url(header, 'header'));
}

const unlocked = object<Extract<VaultEventJson, { kind: 'unlocked' }>>({
  kind: oneOf('unlocked'),
  by: oneOf('passphrase', 'passkey'),
  refused: integer(0, 0xffffffff),
});
const exported = object<Extract<VaultEventJson, { kind: 'export' }>>({
  kind: oneOf('export'),
  header: (value, path) => {
    const read = octets(HEADER_LENGTH, HEADER_LENGTH)(value, path);
    headerOf({ header: read });
    return read;
  },
  random: octets(16, 16),
  dataHash: octets(32, 32),
  idempotencyKey: octets(16, 16),
  workOrder: nullable(printable(64)),
});
const receipt = object<Extract<VaultEventJson, { kind: 'receipt' }>>({
  kind: oneOf('receipt'),
  xc: integer(1, 0xfffffffe),
  receipt: octets(RECEIPT_LENGTH, RECEIPT_LENGTH),
});
const locked = object<Extract<VaultEventJson, { kind: 'locked' }>>({
  kind: oneOf('locked'),
  why: oneOf('asked', 'idle', 'hidden', 'closed'),
});

const readEvent: Read<VaultEventJson> = (value, path) => {
  const kind = typeof value === 'object' && value !== null && 'kind' in value ? value.kind : undefined;
  switch (kind) {
    case 'unlocked':
      return unlocked(value, path);
    case 'export':
      return exported(value, path);
    case 'receipt':
      return receipt(value, path);
    case 'locked':
      return locked(value, path);
    default:
      throw refused(`${path} is of no kind that this version knows`);
  }
};

const readEntry = object<VaultEntryJson>({
  number: integer(1, 0xffffffff),
  time,
  previous: octets(32, 32),
  event: readEvent,
});

const journalJson = object<VaultJournalJson>({
  format: (value, path) => {
    if (value !== 1) throw refused(`${path} is no format that this version knows`);
    return value;
  },
  vaultId: octets(16, 16),
  asNumber: integer(1, 0xffff),
  time,
  entries: array(readEntry, 0, MAX_ENTRIES),
});

/** Reads a journal; the caller has verified its signature. @throws ProtocolError vault-malformed */
export function decodeVaultJournal(value: unknown): VaultJournalJson {
  return readVault(() => journalJson(value, 'journal'));
}

/** The bytes to sign as a payload of JOURNAL_TYPE. */
export function encodeVaultJournal(journal: VaultJournalJson): Bytes {
  return concat(utf8(JSON.stringify(journalJson(journal, 'journal'))));
}
