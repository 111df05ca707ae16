// Runs `log show` and `log verify`. Both commands need neither keys nor lock, so an auditor can use
// a copy of the log, or the folder of a running service.
import { existsSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { hexNumber } from '#protocol/bytes/hex.ts';
import { leafHash } from '#protocol/log/merkle.ts';
import { LogTree } from '#protocol/log/tree.ts';
import { counted } from '#protocol/text/counted.ts';
import { type AuditLine, leafOf } from '../audit-log/audit-line.ts';
import { scanLog } from '../audit-log/scan-log.ts';
import { UserError } from '../common/user-error.ts';
import { headKeys, requireSeen, type SeenCheckpoint, verifyTiles } from '../log-files/verify-tiles.ts';
import { LOG_FILE } from '../service/as.ts';

export type LogRequest = { readonly command: 'log show'; readonly last: number } | VerifyLogRequest;

export interface VerifyLogRequest {
  readonly command: 'log verify';
  /** Folder that `log export` wrote. Without it, the log in the data folder is verified. */
  readonly tiles?: string;
  /** Root key of the AS, 32 bytes. Required for `tiles` and `seen`. */
  readonly root?: Uint8Array | null;
  /** Text of a trust.json of `log export`. Required for `seen` without `tiles`. */
  readonly trust?: string;
  /** Text of a checkpoint that was kept. The log must begin with its entries. */
  readonly seen?: string;
}

/** @throws UserError when the chain is broken */
export async function runLogCommand(directory: string, request: LogRequest): Promise<readonly string[]> {
  if (request.command === 'log verify' && request.tiles !== undefined) return verifyTiles(request.tiles, request);
  const path = join(directory, LOG_FILE);
  if (!existsSync(path)) throw new UserError(`There is no audit log at ${path}.`);
  const shown = request.command === 'log show' ? request.last : 0;
  const newest: AuditLine[] = [];
  const tree = new LogTree();
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    const read = async (offset: number, length: number) => {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, offset);
      return buffer.subarray(0, bytesRead);
    };
    const { head, torn } = await scanLog({ size, read }, (line) => {
      if (request.command === 'log verify') tree.append(leafHash(leafOf(line.entry)));
      newest.push(line);
      if (newest.length > shown) newest.shift();
    });
    if (request.command === 'log show') return newest.map(describeLine);
    if (request.seen !== undefined) await requireSeen(tree, await seenOf(request.seen, request));
    return [
      `The chain is complete: ${counted(head.sequence, 'entry')}, the newest of ${head.time}.`,
      `Its head is ${head.hash}. Compare it with the head in the journal of a station.`,
      ...(torn.length === 0 ? [] : ['The last line is incomplete: the service is writing it, or crashed.']),
    ];
  } finally {
    await file.close();
  }
}

/** @throws UserError if the root key or the certificates are missing or wrong */
async function seenOf(checkpoint: string, { root, trust }: VerifyLogRequest): Promise<SeenCheckpoint> {
  if (!root || trust === undefined) {
    throw new UserError(
      '--seen needs --root, and --trust with the trust.json of the export, to verify the checkpoint.',
    );
  }
  return { checkpoint, root, keys: await headKeys(trust, root) };
}

function describeLine({ entry: { sequence, time, event, actor, details } }: AuditLine): string {
  const facts = Object.entries(details).map(([name, value]) => `${name}=${describeValue(name, value)}`);
  return [String(sequence).padStart(6), time, event.padEnd(16), actor ?? '-', ...facts].join('  ');
}

/** The values that the CLI reads and shows in hexadecimal, with their number of digits. */
const HEX_DIGITS: Readonly<Record<string, number>> = { set: 8, ref1: 4, ref2: 4, slot: 4, asNumber: 4 };

function describeValue(name: string, value: AuditLine['entry']['details'][string]): string {
  const digits = HEX_DIGITS[name];
  if (digits === undefined || typeof value !== 'number') return String(value);
  return hexNumber(value, digits);
}
