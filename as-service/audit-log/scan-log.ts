// Reads the whole audit log and verifies its chain of hashes, at each start of the service and for
// the command `log verify`.
import { concat } from '#protocol/bytes/bytes.ts';
import type { AuditHeadJson } from '#protocol/service/messages.ts';
import { UserError } from '../common/user-error.ts';
import { type AuditLine, type ChainEnd, decodeLine, FIRST_PREVIOUS, type LineAuthenticator } from './audit-line.ts';
import type { LogFile } from './log-file.ts';

/** Number of bytes after which other requests get a turn of the event loop. */
const CHUNK_LENGTH = 1 << 16;
const NEWLINE = 0x0a;

export interface LogScan {
  readonly end: ChainEnd;
  readonly head: AuditHeadJson;
  /**
   * The last entry without a MAC. Only entries at the beginning of the log may lack one (ADR 0049).
   * Sequence 0 if every entry has a MAC.
   */
  readonly unauthenticated: ChainEnd;
  /** Byte offset of the start of each line. The last element is the end of the last line. */
  readonly offsets: number[];
  /** The bytes after the last complete line: empty, or a line that a crash interrupted. */
  readonly torn: Uint8Array;
}

/**
 * Reads the log and calls `each` with each line, oldest first. Checks MACs only if `authenticator`,
 * which contains the sealing key, is given.
 * @throws UserError naming the first entry that does not continue the chain, has a wrong MAC or
 * contradicts earlier entries
 */
export async function scanLog(
  file: Pick<LogFile, 'size' | 'read'>,
  each: (line: AuditLine) => void,
  authenticator?: LineAuthenticator,
): Promise<LogScan> {
  let head: AuditHeadJson = { sequence: 0, hash: FIRST_PREVIOUS, time: new Date(0).toISOString() };
  let unauthenticated: ChainEnd = head;
  const offsets = [0];
  let rest: Uint8Array = new Uint8Array(0);
  for (let offset = 0; offset < file.size; ) {
    const chunk = await file.read(offset, Math.min(CHUNK_LENGTH, file.size - offset));
    if (chunk.length === 0) throw new UserError('The audit log was truncated during reading.');
    offset += chunk.length;
    rest = concat(rest, chunk);
    let begin = 0;
    for (let end = rest.indexOf(NEWLINE); end >= 0; end = rest.indexOf(NEWLINE, begin)) {
      const line = decodeLine(Buffer.from(rest.subarray(begin, end)).toString('utf8'), head);
      if (typeof line === 'string') throw broken(head.sequence + 1, line);
      const wrong = findWrongMac(line, unauthenticated.sequence === head.sequence, authenticator);
      if (wrong !== undefined) throw broken(line.entry.sequence, wrong);
      apply(line, each);
      head = { sequence: line.entry.sequence, hash: line.hash, time: line.entry.time };
      if (line.mac === undefined) unauthenticated = head;
      offsets.push((offsets.at(-1) ?? 0) + end + 1 - begin);
      begin = end + 1;
    }
    rest = rest.slice(begin);
  }
  return { end: head, head, unauthenticated, offsets, torn: rest };
}

/**
 * Returns why the MAC of a line is missing or wrong, as a clause for an error message, or
 * undefined. `mayLackMac` is true while every earlier entry lacks a MAC.
 */
function findWrongMac(
  { hash, mac }: AuditLine,
  mayLackMac: boolean,
  authenticator: LineAuthenticator | undefined,
): string | undefined {
  if (mac === undefined) return mayLackMac ? undefined : 'its authentication code is missing';
  if (authenticator === undefined || authenticator.isMacOf(hash, mac)) return undefined;
  return 'its authentication code is wrong, so this service did not write it';
}

function apply(line: AuditLine, each: (line: AuditLine) => void): void {
  try {
    each(line);
  } catch (cause) {
    if (cause instanceof UserError) throw cause;
    throw broken(line.entry.sequence, 'it contradicts the entries before it', cause);
  }
}

/** Returns the error for a broken log. It names the first wrong entry. */
export function broken(sequence: number, why: string, cause?: unknown): UserError {
  return new UserError(
    `The audit log is broken at entry ${sequence}: ${why}. The log was changed. Keep this copy as evidence, and restore the folder from a backup.`,
    { cause },
  );
}
