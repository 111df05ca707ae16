// An AS in the same process as a KeySource: as-unit without HTTP, and a verdict that nobody signed.
import type { AsUnit } from '#protocol/as-unit/as-unit.ts';
import { copy } from '#protocol/bytes/bytes.ts';
import { sha256 } from '#protocol/crypto/prf.ts';
import { ProtocolError } from '#protocol/errors.ts';
import type { ExportedKey, KeySource } from '#protocol/provisioning/key-source.ts';
import { exportIdOf } from '#protocol/tkl/data.ts';
import { decodeHeader, HEADER_LENGTH } from '#protocol/tkl/header.ts';

export interface TestSource extends Required<KeySource> {
  /** What was asked of it, in order. */
  readonly calls: string[];
}

export function createTestSource(as: AsUnit): TestSource {
  const calls: string[] = [];
  const random = new Map<string, Uint8Array>();
  /** XC by export id. */
  const exports = new Map<string, number>();
  const byKey = new Map<string, ExportedKey>();
  return {
    calls,
    async exportKey({ set, tkv, sn, idempotencyKey, ...request }) {
      calls.push('exportKey');
      const known = random.get(idempotencyKey);
      if (known !== undefined && !known.every((octet, i) => octet === request.random[i])) {
        throw new ProtocolError('idempotency-conflict', 'that key was used with another request');
      }
      const { data } = await as.exportKey({ ...request, unit: { set, tkv, sn } }, undefined);
      random.set(idempotencyKey, copy(request.random));
      const exportId = exportIdOf(sha256(data));
      exports.set(exportId, decodeHeader(data).xc);
      byKey.set(idempotencyKey, { exportId, data: copy(data) });
      return { exportId, data: copy(data) };
    },
    async verifyReceipt(exportId, receipt) {
      calls.push('verifyReceipt');
      const xc = exports.get(exportId);
      if (xc === undefined) throw new ProtocolError('export-unknown', `no export ${exportId}`);
      await as.verifyReceipt(xc, receipt, undefined);
      return { time: '2026-11-23T09:00:00Z', envelope: '{}' };
    },
    async recallExport(idempotencyKey) {
      calls.push('recallExport');
      const made = byKey.get(idempotencyKey);
      return (
        made && { exportId: made.exportId, header: made.data.slice(0, HEADER_LENGTH), dataHash: sha256(made.data) }
      );
    },
  };
}
