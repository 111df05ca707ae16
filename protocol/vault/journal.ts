// The journal of a vault (docs/protocol.md clause 10.4): a chain of entries that begins with the hash of the vault's header, and the
// signed document by which it returns to the AS. Pure functions: where entries are kept, and when they are durable, is the page's.
import { type Bytes, concat } from '../bytes/bytes.ts';
import { toBase64url, utf8 } from '../bytes/text.ts';
import { sha256 } from '../crypto/prf.ts';
import { array, integer, nullable, object, octets, oneOf, printable, type Read, refused } from '../json/read.ts';
import { decodeHeader, HEADER_LENGTH, type Header } from '../tkl/header.ts';
import { RECEIPT_LENGTH } from '../tkl/receipt.ts';
import { base64url, readVault, time } from './shape.ts';

export const JOURNAL_TYPE = 'application/vnd.keyferry.vault-journal+json';
/** Of one document: an export has two, and the vault is locked and unlocked between. */
export const MAX_ENTRIES = 8000;

export type VaultEventJson =
  | {
      readonly kind: 'unlocked';
      readonly by: 'passphrase' | 'passkey';
      /** Attempts that failed since the last time. */
      readonly refused: number;
    }
  | {
      readonly kind: 'export';
      /** HDR of DATA, 48 octets: SET, TKV, SN, REF1, SLOT, AKV, XC and the vault's AS number. */
      readonly header: string;
      /** R, 16 octets. */
      readonly random: string;
      /** SHA-256(DATA), 32 octets. */
      readonly dataHash: string;
      readonly idempotencyKey: string;
      readonly workOrder: string | null;
    }
  | {
      readonly kind: 'receipt';
      readonly xc: number;
      /** 64 octets. */
      readonly receipt: string;
    }
  | { readonly kind: 'locked'; readonly why: 'asked' | 'idle' | 'hidden' | 'closed' };

export interface VaultEntryJson {
  /** From 1, without gaps. */
  readonly number: number;
  readonly time: string;
  /** SHA-256 of the entry before; of the vault's header in the first. 32 octets. */
  readonly previous: string;
  readonly event: VaultEventJson;
}

/** Payload of the returned journal. */
export interface VaultJournalJson {
  readonly format: 1;
  readonly vaultId: string;
  readonly asNumber: number;
  /** When it was signed. */
  readonly time: string;
  /** All of them, each time. */
  readonly entries: readonly VaultEntryJson[];
}

/** Where the next entry goes on. */
export interface VaultChainEnd {
  readonly number: number;
  /** 32 bytes. */
  readonly hash: Bytes;
}

/** SHA-256 of the entry's one text: its members in this order, whatever store they came from. 32 bytes. */
export function hashVaultEntry(entry: VaultEntryJson): Bytes {
  return sha256(utf8(JSON.stringify(readEntry(entry, 'entry'))));
}

/** The next entry; `headerHash` (32 bytes) is what an empty journal begins with. */
export function nextVaultEntry(
  last: VaultEntryJson | undefined,
  headerHash: Uint8Array,
  entryTime: string,
  event: VaultEventJson,
): VaultEntryJson {
  const previous = toBase64url(last === undefined ? headerHash : hashVaultEntry(last));
  return { number: (last?.number ?? 0) + 1, time: entryTime, previous, event };
}

/** In words, where entries do not continue each other, or XC does not; none in a journal that is whole. */
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

/** HDR of an export's entry. @throws ProtocolError data-malformed */
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

/** For a payload whose signature was verified. @throws ProtocolError vault-malformed */
export function decodeVaultJournal(value: unknown): VaultJournalJson {
  return readVault(() => journalJson(value, 'journal'));
}

/** Octets to sign as payload of JOURNAL_TYPE. */
export function encodeVaultJournal(journal: VaultJournalJson): Bytes {
  return concat(utf8(JSON.stringify(journalJson(journal, 'journal'))));
}
