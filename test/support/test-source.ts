// A KeySource that calls the AS core in the same process, without HTTP. Its verdicts are unsigned.
import type { AsUnit } from '#protocol/as-unit/as-unit.ts';
import { copy, equalBytes } from '#protocol/bytes/bytes.ts';
import { sha256 } from '#protocol/crypto/prf.ts';
import { ProtocolError } from '#protocol/errors.ts';
import type { ExportedKey, KeySource } from '#protocol/provisioning/key-source.ts';
import { exportIdOf } from '#protocol/tkl/data.ts';
import { decodeHeader, HEADER_LENGTH } from '#protocol/tkl/header.ts';

export interface TestSource extends Required<KeySource> {
  /** The names of the methods that were called, in order. */
  readonly calls: string[];
}

export function createTestSource(as: AsUnit): TestSource {
  const calls: string[] = [];
  /** R by idempotency key. */
  const random = new Map<string, Uint8Array>();
  /** XC by export id. */
  const counters = new Map<string, number>();
  /** Exports by idempotency key. */
  const exports = new Map<string, ExportedKey>();
  return {
    calls,
    async exportKey({ set, tkv, sn, idempotencyKey, ...request }) {
      calls.push('exportKey');
      const earlier = random.get(idempotencyKey);
      if (earlier !== undefined && !equalBytes(earlier, request.random)) {
        throw new ProtocolError('idempotency-conflict', 'the idempotency key was used with another request');
      }
      const { data } = await as.exportKey({ ...request, unit: { set, tkv, sn } }, undefined);
      random.set(idempotencyKey, copy(request.random));
      const exportId = exportIdOf(sha256(data));
      counters.set(exportId, decodeHeader(data).xc);
      exports.set(idempotencyKey, { exportId, data: copy(data) });
      return { exportId, data: copy(data) };
    },
    async verifyReceipt(exportId, receipt) {
      calls.push('verifyReceipt');
      const xc = counters.get(exportId);
      if (xc === undefined) throw new ProtocolError('export-unknown', `no export ${exportId}`);
      await as.verifyReceipt(xc, receipt, undefined);
      return { time: '2026-11-23T09:00:00Z', envelope: '{}' };
    },
    async recallExport(idempotencyKey) {
      calls.push('recallExport');
      const exported = exports.get(idempotencyKey);
      if (exported === undefined) return undefined;
      const { exportId, data } = exported;
      return { exportId, header: data.slice(0, HEADER_LENGTH), dataHash: sha256(data) };
    },
  };
}
