// One line of the audit log: {"entry":{…},"hash":"…"} and, where an entry has a sealed part, "sealed":"…". The hash is over the JSON
// text of the entry, which holds the hash of the entry before and that of its sealed part.
import { createHash } from 'node:crypto';
import { toBase64url } from '#protocol/bytes/text.ts';
import type { AuditRecordJson } from '#protocol/service/messages.ts';

export type AuditEntry = AuditRecordJson['entry'];

export interface AuditLine {
  readonly entry: AuditEntry;
  readonly hash: string;
  /** base64url; `entry.sealed` is its hash. */
  readonly sealed?: string;
}

export const FIRST_PREVIOUS = toBase64url(new Uint8Array(32));

export function hashText(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}

/** The line without its end. */
export function encodeLine(entry: AuditEntry, sealed: string | undefined): { text: string; hash: string } {
  const entryText = JSON.stringify(entry);
  const hash = hashText(entryText);
  const tail = sealed === undefined ? '' : `,"sealed":"${sealed}"`;
  return { text: `{"entry":${entryText},"hash":"${hash}"${tail}}`, hash };
}

/** What the entry after it must continue. */
export interface ChainEnd {
  readonly sequence: number;
  readonly hash: string;
}

/** The line, or in words why it does not continue the chain. */
export function decodeLine(text: string, { sequence, hash }: ChainEnd): AuditLine | string {
  let line: AuditLine;
  try {
    line = JSON.parse(text) as AuditLine;
  } catch {
    return 'it is not JSON';
  }
  const { entry, sealed } = line ?? {};
  if (typeof entry !== 'object' || entry === null) return 'it has no entry';
  if (entry.sequence !== sequence + 1) return `its number is ${entry.sequence} where ${sequence + 1} must follow`;
  if (entry.previous !== hash) return 'it does not continue the entry before it';
  if ((entry.sealed === undefined) !== (sealed === undefined)) return 'its sealed part is missing or was added';
  if (sealed !== undefined && hashText(sealed) !== entry.sealed) return 'its sealed part was changed';
  // One text for one entry: what does not encode to itself was changed.
  if (encodeLine(entry, sealed).text !== text) return 'its hash does not fit its content';
  return line;
}
