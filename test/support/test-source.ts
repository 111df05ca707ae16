// An AS in the same process as a KeySource: as-unit without HTTP, and a verdict that nobody signed.
import type { AsUnit } from '#protocol/as-unit/as-unit.ts';
import { copy } from '#protocol/bytes/bytes.ts';
import type { KeySource } from '#protocol/provisioning/source.ts';
import { decodeReceipt } from '#protocol/tkl/receipt.ts';

export interface TestSource extends KeySource {
  /** What was asked of it, in order. */
  readonly calls: string[];
}

export function createTestSource(as: AsUnit): TestSource {
  const calls: string[] = [];
  return {
    calls,
    async exportKey({ set, tkv, sn, ...request }) {
      calls.push('exportKey');
      const { data } = await as.exportKey({ ...request, unit: { set, tkv, sn } }, undefined);
      return { exportId: 'export-1', data: copy(data) };
    },
    async verifyReceipt(_exportId, receipt) {
      calls.push('verifyReceipt');
      await as.verifyReceipt(decodeReceipt(receipt).xc, receipt, undefined);
      return { time: '2026-11-23T09:00:00Z', envelope: '{}' };
    },
  };
}
