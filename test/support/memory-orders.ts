// Work orders without a disk and without HTTP, on a MemoryExporter.
import { expect } from 'vitest';
import { type Actor, Orders } from '#as-service/orders/orders.ts';
import type { OperatorState } from '#as-service/storage/state.ts';
import { VaultLedger } from '#as-service/vaults/vault-ledger.ts';
import { toBase64url } from '#protocol/bytes/text.ts';
import type { NewOrderJson, StationReportJson, StationUnitJson } from '#protocol/orders/requests.ts';
import { exportRequest, receiptFor, TEST_TA } from './as-service.ts';
import { MemoryExporter, operator, sender } from './memory-exporter.ts';
import { LINE, newOrder, unit } from './orders.ts';

/** The order is valid at NOW of the MemoryExporter. */
export const TIMES = { notBefore: '2026-11-22T00:00:00.000Z', until: '2026-11-30T00:00:00.000Z' };
export const OTHER_LINE = { ref1: 0x0104, ref2: 5 };
export const OLGA = operator('olga');
export const CLI: Actor = { name: 'cli' };
export const STATION_REPORT = { app: { version: '1', build: 'b7' }, head: null, units: [], absentReason: null };

/** Returns an operator as the actor of a change. */
export const actorOf = (account: OperatorState): Actor => ({ name: account.name, account });

export function unitReport(n: number, change: Partial<StationUnitJson> = {}): StationUnitJson {
  return { sn: unit(n), outcome: 'failed', reason: null, begun: null, ended: null, ...change };
}

interface Load {
  readonly line?: typeof LINE;
  readonly reason?: string;
  readonly hasReceipt?: boolean;
}

export class MemoryOrders {
  readonly service: MemoryExporter;
  readonly vaults = new VaultLedger();

  static async open(): Promise<MemoryOrders> {
    return new MemoryOrders(await MemoryExporter.open());
  }

  private constructor(service: MemoryExporter) {
    this.service = service;
  }

  /** Starts or restarts the part of the service that works orders. */
  start(): Orders {
    const { service, vaults } = this;
    const { keys, crypto, verified, log, lock, ledger, orders, signatures } = service;
    return new Orders({
      ...{ orders, ledger, vaults, check: { keys, crypto, verified }, log, lock, demoMode: false },
      ...{ state: () => service.state, signatures: () => signatures, now: () => new Date(service.clock.now) },
    });
  }

  /** Loads a key into the n-th unit, as olga. sendReceipt() sends the receipt, if load() has not. */
  async load(n: number, { line = LINE, reason, hasReceipt = true }: Load = {}) {
    const { exporter } = this.service;
    const request = exportRequest({
      ...{ sn: unit(n), workOrder: 'JOB-4711', ...line },
      ...(reason === undefined ? {} : { reason }),
    });
    const { exportId, data, xc } = await exporter.export(request, sender(OLGA));
    const key = line.ref1 === LINE.ref1 ? TEST_TA : TEST_TA.slice().reverse();
    const receipt = receiptFor(toBase64url(data), request.random, { ref2: line.ref2, key, importCounter: xc });
    const sendReceipt = () => exporter.verifyReceipt({ exportId, receipt }, sender(OLGA));
    if (hasReceipt) await sendReceipt();
    return { sendReceipt };
  }
}

export const newTimedOrder = (change: Partial<NewOrderJson> = {}): NewOrderJson => newOrder({ ...TIMES, ...change });

const stationReport = (units: readonly StationUnitJson[], change: Partial<StationReportJson> = {}) => ({
  ...{ ...STATION_REPORT, units },
  ...change,
});

/** Reports units of the order JOB-4711, as the station of OLGA does. */
export const reportUnits = (orders: Orders, units: StationUnitJson[], change: Partial<StationReportJson> = {}) =>
  orders.report('JOB-4711', stationReport(units, change), actorOf(OLGA));

/** Matches an error with this code, whose message contains `message`. */
export const refusal = (code: string, message = '') =>
  expect.objectContaining({ code, message: expect.stringContaining(message) });
