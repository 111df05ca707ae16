// Chains the journal's entries. Each hash covers the entry and the previous hash, so that an entry
// cannot be changed, dropped or moved unless all later hashes are recomputed. Each work order has
// its own chain, and all attempts without an order share one chain (docs/adr/0033, 0039).
import { type Bytes, concat, equalBytes } from '#protocol/bytes/bytes.ts';
import { toBase64url, utf8 } from '#protocol/bytes/text.ts';
import { sha256 } from '#protocol/crypto/prf.ts';
import type { NewAttempt, StepBody } from './attempt.ts';
import type { OrderEvent } from './order-record.ts';
import { pack, type StoredEnvelope, unpack } from './packed-envelope.ts';

/** Number of the chain for attempts without a work order. */
export const STATION_CHAIN = 0;

/** Previous hash of the first entry of a chain. */
export const GENESIS: Bytes = new Uint8Array(32);

/** First entry of an attempt, before its steps. */
export type Begin = { readonly step: 'begin' } & NewAttempt;

/**
 * Entry that records a loss: the database was deleted or emptied while the page was open. `ends`
 * contains, for each lost chain, the last entry that the page had read or written.
 */
export interface JournalLost {
  readonly step: 'journal-lost';
  readonly ends: readonly (readonly [chain: number, seq: number, hash: Bytes])[];
}

/** The envelopes that the AS signed for a step. */
export interface SignedParts {
  readonly verdict?: StoredEnvelope;
  readonly auditHead?: StoredEnvelope;
}

export interface Entry {
  /**
   * Id of the attempt, and number of this entry within the attempt. Absent in an event of a work
   * order and in JournalLost.
   */
  readonly of?: readonly [attempt: number, index: number];
  /** Milliseconds since 1970, from this station's clock. */
  readonly at: number;
  readonly body: Begin | StepBody | OrderEvent | JournalLost;
  readonly signed?: SignedParts;
}

/** A database record with consecutive entries of one chain. Never changed. */
export interface Batch {
  /**
   * For each attempt in this batch, the first of its entries in the batch. The index on `firsts` is
   * unique. It rejects a second batch with the same entry, for example from another tab.
   */
  readonly firsts: readonly (readonly [attempt: number, index: number])[];
  readonly entries: readonly Entry[];
  /** Hash of the last entry, 32 bytes. */
  readonly hash: Bytes;
}

/**
 * Chain, and number of the entry within the chain, from 0. A batch has the key of its first entry.
 */
export type EntryKey = readonly [chain: number, seq: number];

/** SHA-256 of the previous hash and this entry, 32 bytes. */
export function hashOf(previous: Uint8Array, key: EntryKey, { of, at, body, signed }: Entry): Bytes {
  const text = JSON.stringify([...key, of ?? null, at, body, signed ?? null], (_, value: unknown) =>
    value instanceof Uint8Array ? toBase64url(value) : value,
  );
  return sha256(concat(previous, utf8(text)));
}

/** Creates the record for consecutive entries. `hash` is the hash of the last one. */
export function batchOf(entries: readonly Entry[], hash: Bytes): Batch {
  const firsts = new Map<number, readonly [number, number]>();
  for (const { of } of entries) if (of && !firsts.has(of[0])) firsts.set(of[0], of);
  return { firsts: [...firsts.values()], entries, hash };
}

/** Moves the envelopes of a step out of its body and packs them. */
export function packStep(step: StepBody, auditHead?: string): Pick<Entry, 'body' | 'signed'> {
  const head = auditHead === undefined ? {} : { auditHead: pack(auditHead) };
  if (step.step !== 'verify' || step.verdict === undefined) {
    return auditHead === undefined ? { body: step } : { body: step, signed: head };
  }
  const { verdict, ...body } = step;
  return { body, signed: { verdict: pack(verdict), ...head } };
}

/** Restores a step that packStep() has packed. */
export function unpackStep(
  body: StepBody,
  { verdict, auditHead }: SignedParts = {},
): StepBody & { readonly auditHead?: string } {
  return {
    ...body,
    ...(verdict === undefined ? {} : { verdict: unpack(verdict) }),
    ...(auditHead === undefined ? {} : { auditHead: unpack(auditHead) }),
  };
}

/** The first invalid entry of a chain. */
export interface ChainBreak {
  readonly seq: number;
  readonly reason: 'missing' | 'changed';
}

/** The end of a chain. */
export interface Tail {
  /** Number of the last entry, -1 in an empty chain. */
  readonly seq: number;
  readonly hash: Bytes;
}

export const EMPTY_CHAIN: Tail = { seq: -1, hash: GENESIS };

/**
 * Returns the tail of the chain after `batch`. Returns a ChainBreak if entries before the batch are
 * missing or the hash of the batch is wrong.
 */
export function verifyBatch({ seq, hash }: Tail, [chain, first]: EntryKey, batch: Batch): Tail | ChainBreak {
  if (first !== seq + 1) return { seq: seq + 1, reason: 'missing' };
  const end = batch.entries.reduce((before, entry, offset) => hashOf(before, [chain, first + offset], entry), hash);
  if (!equalBytes(end, batch.hash)) return { seq: first, reason: 'changed' };
  return { seq: seq + batch.entries.length, hash: end };
}
