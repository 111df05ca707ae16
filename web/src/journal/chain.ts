// The chain of the journal's entries: the hash of each covers the one before, so that none can be changed, dropped or moved without all that follow being
// made anew. What is written at once is one record, with the hash of its last entry. One chain for each work order, one for the attempts of this station that
// belong to none. Pure.
import { type Bytes, concat, equalBytes } from '#protocol/bytes/bytes.ts';
import { toBase64url, utf8 } from '#protocol/bytes/text.ts';
import { sha256 } from '#protocol/crypto/prf.ts';
import type { NewAttempt, StepBody } from './attempt.ts';
import type { OrderEvent } from './order-record.ts';
import { type Packed, pack, unpack } from './packed-envelope.ts';

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

export interface Entry {
  /** The attempt and the number of the entry within it; an event of a work order belongs to none. */
  readonly of?: readonly [attempt: number, index: number];
  /** Milliseconds since 1970, by this station's clock. */
  readonly at: number;
  readonly body: Begin | StepBody | OrderEvent;
  readonly signed?: Signed;
}

/** Entries of one chain that were written at once: never changed after that. */
export interface Batch {
  /** For each attempt that has entries here, the first of them: no other batch can have the same. */
  readonly firsts: readonly (readonly [attempt: number, index: number])[];
  readonly entries: readonly Entry[];
  /** Of the last entry: 32 bytes. */
  readonly hash: Bytes;
}

/** Chain and number within it, from 0; of a batch, those of its first entry. */
export type EntryKey = readonly [chain: number, seq: number];

/** SHA-256 of the hash before and of this entry: 32 bytes. */
export function hashOf(previous: Uint8Array, key: EntryKey, { of, at, body, signed }: Entry): Bytes {
  const text = JSON.stringify([...key, of ?? null, at, body, signed ?? null], (_, value: unknown) =>
    value instanceof Uint8Array ? toBase64url(value) : value,
  );
  return sha256(concat(previous, utf8(text)));
}

/** The record of entries that follow one another in a chain. */
export function batchOf(entries: readonly Entry[], hash: Bytes): Batch {
  const firsts = new Map<number, readonly [number, number]>();
  for (const { of } of entries) if (of && !firsts.has(of[0])) firsts.set(of[0], of);
  return { firsts: [...firsts.values()], entries, hash };
}

/** A step as it is kept: what was signed apart from it. */
export function setApart(step: StepBody, auditHead?: string): Pick<Entry, 'body' | 'signed'> {
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

/** Why a chain does not hold, and from which entry on. */
export interface Break {
  readonly seq: number;
  readonly why: 'missing' | 'changed';
}

/** Where a chain has come to. */
export interface Tail {
  /** Number of its last entry, -1 before the first. */
  readonly seq: number;
  readonly hash: Bytes;
}

export const NO_TAIL: Tail = { seq: -1, hash: GENESIS };

/** Follows a batch from the end of what stands before it; where it does not hold, says so. */
export function follow({ seq, hash }: Tail, [chain, first]: EntryKey, batch: Batch): Tail | Break {
  if (first !== seq + 1) return { seq: seq + 1, why: 'missing' };
  const end = batch.entries.reduce((before, entry, offset) => hashOf(before, [chain, first + offset], entry), hash);
  if (!equalBytes(end, batch.hash)) return { seq: first, why: 'changed' };
  return { seq: seq + batch.entries.length, hash: end };
}
