// Encodes and decodes one line of the audit log: {"entry":{…},"hash":"…","sealed":"…","mac":"…"}.
// "sealed" is optional. "hash" covers the text of the entry, which contains the hashes of the
// previous entry and of "sealed". "mac" authenticates "hash" under the sealing key (ADR 0049).
// Versions up to 0.1.0 wrote lines without a "mac".
import { createHash } from 'node:crypto';
import { toBase64url, utf8 } from '#protocol/bytes/text.ts';
import type { AuditRecordJson } from '#protocol/service/messages.ts';

export type AuditEntry = AuditRecordJson['entry'];

export interface AuditLine {
  readonly entry: AuditEntry;
  readonly hash: string;
  /** The sealed part of the entry, base64url. `entry.sealed` is the hash of this text. */
  readonly sealed?: string;
  /** MAC over `hash`, base64url. */
  readonly mac?: string;
}

/** Makes and checks the MACs of lines. */
export interface LineAuthenticator {
  /** Returns base64url. */
  macOf(hash: string): string;
  isMacOf(hash: string, mac: string): boolean;
}

/** The value of `previous` in the first entry: 32 zero bytes. */
export const FIRST_PREVIOUS = toBase64url(new Uint8Array(32));

/** Returns SHA-256, base64url. */
export function hashText(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}

/** Returns the leaf of an entry in the tree of the log: the text of the entry. */
export function leafOf(entry: AuditEntry): Uint8Array {
  return utf8(JSON.stringify(entry));
}

/** Encodes a line. The returned `text` has no line end. */
export function encodeLine(
  entry: AuditEntry,
  sealed: string | undefined,
  macOf: (hash: string) => string | undefined,
): { text: string; hash: string } {
  const entryText = JSON.stringify(entry);
  const hash = hashText(entryText);
  const mac = macOf(hash);
  const sealedText = sealed === undefined ? '' : `,"sealed":"${sealed}"`;
  const macText = mac === undefined ? '' : `,"mac":"${mac}"`;
  return { text: `{"entry":${entryText},"hash":"${hash}"${sealedText}${macText}}`, hash };
}

/** The end of a chain, which the next entry must continue. */
export interface ChainEnd {
  readonly sequence: number;
  readonly hash: string;
}

/**
 * Decodes the line after the given end of the chain. If the line does not continue the chain,
 * returns the reason, as a clause for an error message.
 */
export function decodeLine(text: string, { sequence, hash }: ChainEnd): AuditLine | string {
  let line: AuditLine;
  try {
    line = JSON.parse(text) as AuditLine;
  } catch {
    return 'it is not JSON';
  }
  const { entry, sealed, mac } = line ?? {};
  if (typeof entry !== 'object' || entry === null) return 'it has no entry';
  if (entry.sequence !== sequence + 1) return `its number is ${entry.sequence}, not ${sequence + 1}`;
  if (entry.previous !== hash) return 'it does not continue the previous entry';
  if ((entry.sealed === undefined) !== (sealed === undefined)) return 'its sealed part is missing or was added';
  if (sealed !== undefined && hashText(sealed) !== entry.sealed) return 'its sealed part was changed';
  // An entry has exactly one encoding, so a line with another text was changed.
  if (encodeLine(entry, sealed, () => mac).text !== text) return 'its hash does not fit its content';
  return line;
}
