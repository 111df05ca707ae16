// The request bodies that may be longer than others. A worker parses them (bin/worker.ts), so that
// they do not hold the event loop.
import type * as v from 'valibot';
import { newOrderSchema, stationReportSchema } from '#protocol/orders/requests.ts';
import { vaultReturnSchema } from '#protocol/vault/requests.ts';
import { parseBody } from '../../http/request-body.ts';

const MIB = 1024 * 1024;

export interface LongBodyKind {
  /** Maximum length in bytes. */
  readonly maxLength: number;
  readonly schema: v.GenericSchema;
}

export const LONG_BODIES = {
  /** Sufficient for 20,000 ranges of units. */
  'new-order': { maxLength: 2 * MIB, schema: newOrderSchema },
  /** Sufficient for 20,000 units, each with a reason of 200 bytes. */
  'station-report': { maxLength: 8 * MIB, schema: stationReportSchema },
  /** Sufficient for a vault journal of 2000 exports with receipts, as base64url of JSON. */
  'vault-journal': { maxLength: 6 * MIB, schema: vaultReturnSchema },
} as const satisfies Readonly<Record<string, LongBodyKind>>;

export type LongBody = keyof typeof LONG_BODIES;

/** Parses a long body and checks it against its schema. @throws Problem request-refused */
export type ParseLong = (kind: LongBody, body: Uint8Array) => Promise<unknown>;

/** Parses a long body in this thread. @throws Problem request-refused */
export function parseLongBody(kind: LongBody, body: Uint8Array): unknown {
  const { schema }: LongBodyKind = LONG_BODIES[kind];
  return parseBody(schema, body);
}
