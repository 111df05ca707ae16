// Decodes AS data, the response of an AS card to SELECT and GET DATA (docs/protocol.md clause 4.9).
// The data is not authenticated and needs no PIN. The page uses the data only to avoid requests
// that the card would refuse.

import type { Bytes } from '../bytes/bytes.ts';
import { hexNumber } from '../bytes/hex.ts';
import { fromAscii, fromUtf8 } from '../bytes/text.ts';
import { isAttributes } from '../tkl/attributes.ts';
import { NO_ATTRIBUTES } from '../tkl/header.ts';
import { nonsense } from './command.ts';
import { Fields } from './fields.ts';

/**
 * A key entry under one REF1: an application key, the erasure of a slot, or the next T (clause 8).
 */
export interface AsEntry {
  readonly ref1: number;
  /** ATTR, 7 characters; NO_ATTRIBUTES for an erasure. */
  readonly attributes: string;
  readonly akv: number;
  /** The permitted REF2, or FFFF for any slot. */
  readonly slot: number;
  /**
   * 5 bytes. Zero for an erasure, and for a next T if each unit gets a different key (clause 8).
   */
  readonly kcv: Bytes;
  readonly label: string;
}

export interface AsData {
  readonly set: number;
  /** The newest version of T on the card. The card may also serve units with an older version. */
  readonly tkv: number;
  readonly asNumber: number;
  /** XC of the last export; 0 before the first. */
  readonly xc: number;
  /** Number of exports left. */
  readonly quotaLeft: number;
  readonly entries: readonly AsEntry[];
}

const VERSION = 0x01;

/** @throws ProtocolError unit-nonsense naming the malformed field */
export function decodeAsData(command: string, data: Uint8Array): AsData {
  const fields = new Fields(data, (fault) => nonsense(command, fault));
  const version = fields.u8();
  if (version !== VERSION) throw nonsense(command, `AS data version ${version} is not defined`);
  const set = fields.u32();
  const tkv = fields.u8();
  const asNumber = fields.u16();
  const xc = fields.u32();
  const quotaLeft = fields.u32();
  const entries = decodeEntries(command, fields);
  fields.end('AS data');
  if (tkv === 0) throw nonsense(command, 'TKV 0 is not defined');
  return { set, tkv, asNumber, xc, quotaLeft, entries };
}

function decodeEntries(command: string, fields: Fields): readonly AsEntry[] {
  const entries: AsEntry[] = [];
  const seen = new Set<number>();
  for (let left = fields.u8(); left > 0; left--) {
    const ref1 = fields.u16();
    if (seen.has(ref1)) throw nonsense(command, `REF1 ${hexNumber(ref1, 4)} is listed twice`);
    seen.add(ref1);
    entries.push({
      ref1,
      attributes: decodeAttributes(command, fields.bytes(7)),
      akv: fields.u32(),
      slot: fields.u16(),
      kcv: fields.bytes(5),
      label: decodeLabel(command, fields.bytes(fields.u8())),
    });
  }
  return entries;
}

function decodeAttributes(command: string, bytes: Uint8Array): string {
  const text = fromAscii(bytes);
  if (text !== NO_ATTRIBUTES && !isAttributes(text)) throw nonsense(command, 'an ATTR violates clause 3.3');
  return text;
}

function decodeLabel(command: string, bytes: Uint8Array): string {
  let label: string;
  try {
    label = fromUtf8(bytes);
  } catch (cause) {
    if (cause instanceof SyntaxError) throw nonsense(command, 'a label is not UTF-8');
    throw cause;
  }
  if (/\p{Cc}/u.test(label)) throw nonsense(command, 'a label has control characters');
  return label;
}
