// The chain of the journal's entries: each holds the hash of itself and of the one before, so that none can be changed, dropped or moved without all that
// follow being made anew. One chain for each work order, one for the attempts of this station that belong to none. Pure.
import { type Bytes, concat, equalBytes } from '#protocol/bytes/bytes.ts';
import { toBase64url, utf8 } from '#protocol/bytes/text.ts';
import { sha256 } from '#protocol/crypto/prf.ts';
import type { NewAttempt, StepBody } from './attempt.ts';
import type { OrderEvent } from './order.ts';
import { type Packed, pack, unpack } from './signed-words.ts';

/** The chain of the attempts without a work order; those of work orders have the order's number. */
export const STATION_CHAIN = 0;

/** What stands before the first entry of a chain. */
export const GENESIS: Bytes = new Uint8Array(32);

/** An attempt's first entry; its steps follow. */
export type Begin = { readonly step: 'begin' } & NewAttempt;

/** What the AS signed at a step: its verdict, and the head of its audit log. */
export interface Signed {
  readonly verdict?: Packed;
  readonly auditHead?: Packed;
}

export interface Unlinked {
  /** The attempt and the number of the entry within it; an event of a work order belongs to none. */
  readonly of?: readonly [attempt: number, index: number];
  /** Milliseconds since 1970, by this station's clock. */
  readonly at: number;
  readonly body: Begin | StepBody | OrderEvent;
  readonly signed?: Signed;
}

export interface StoredEntry extends Unlinked {
  /** SHA-256 of the hash before and of this entry: 32 bytes. */
  readonly hash: Bytes;
}

/** Chain and number within it, from 0. */
export type EntryKey = readonly [chain: number, seq: number];

export function link(previous: Uint8Array, key: EntryKey, unlinked: Unlinked): StoredEntry {
  const { of, at, body, signed } = unlinked;
  const text = JSON.stringify([...key, of ?? null, at, body, signed ?? null], (_, value: unknown) =>
    value instanceof Uint8Array ? toBase64url(value) : value,
  );
  const hash = sha256(concat(previous, utf8(text)));
  return { hash, at, body, ...(of === undefined ? {} : { of }), ...(signed === undefined ? {} : { signed }) };
}

/** A step as it is kept: what was signed apart from it. */
export function setApart(step: StepBody, auditHead?: string): Pick<Unlinked, 'body' | 'signed'> {
  const head = auditHead === undefined ? {} : { auditHead: pack(auditHead) };
  if (step.step !== 'verify' || step.verdict === undefined) {
    return auditHead === undefined ? { body: step } : { body: step, signed: head };
  }
  const { verdict, ...body } = step;
  return { body, signed: { verdict: pack(verdict), ...head } };
}

/** A step as it was. */
export function putBack(
  body: StepBody,
  { verdict, auditHead }: Signed = {},
): StepBody & { readonly auditHead?: string } {
  return {
    ...body,
    ...(verdict === undefined ? {} : { verdict: unpack(verdict) }),
    ...(auditHead === undefined ? {} : { auditHead: unpack(auditHead) }),
  };
}

/** Why a chain does not hold, and where. */
export interface Break {
  readonly seq: number;
  readonly why: 'missing' | 'changed';
}

/** Looks at the entries of a chain in their order, `from` the first of them on; `previous` is the hash before it. */
export function findBreak(
  entries: readonly { readonly key: EntryKey; readonly entry: StoredEntry }[],
  from = 0,
  previous: Uint8Array = GENESIS,
): Break | undefined {
  let before = previous;
  for (const [offset, { key, entry }] of entries.entries()) {
    const seq = from + offset;
    if (key[1] !== seq) return { seq, why: 'missing' };
    if (!equalBytes(link(before, key, entry).hash, entry.hash)) return { seq, why: 'changed' };
    before = entry.hash;
  }
  return undefined;
}
