// Work orders in tests: a service with a custodian and two stations, and functions that load keys
// into units under an order. Also verifies reports with the root key alone.
import type { Hono } from 'hono';
import type { As } from '#as-service/service/as.ts';
import { fromBase64url } from '#protocol/bytes/text.ts';
import { isSignedBy } from '#protocol/crypto/ed25519.ts';
import type { OrderJson, StationReportAnswerJson } from '#protocol/orders/messages.ts';
import type { Report } from '#protocol/orders/report.ts';
import type { NewOrderJson, StationReportJson, StationUnitJson } from '#protocol/orders/requests.ts';
import { type ReportVerdict, verifyReport } from '#protocol/orders/verify-report.ts';
import type { ExportAnswerJson, ReceiptAnswerJson } from '#protocol/service/messages.ts';
import type { ExportRequestJson } from '#protocol/service/requests.ts';
import {
  callJson,
  exportRequest,
  type OpenTestAsOptions,
  openFilledAs,
  receiptFor,
  refusalOf,
  ServiceSetup,
  TEST_SET,
} from './as-service.ts';

/** Returns the SN of the n-th unit of the test order. */
export const unit = (n: number): string => (0x4549_0000_0000 + n).toString(16).toUpperCase().padStart(32, '0');

export const LINE = { ref1: 0x0103, ref2: 2 };
export const ORDER_PATH = '/v1/work-orders/JOB-4711';

/** Returns an order for units 1 to 3 with one line, valid for a year. */
export function newOrder(change: Partial<NewOrderJson> = {}): NewOrderJson {
  const begin = new Date(Date.now() - 60_000);
  const end = new Date(begin.getTime() + 365 * 86_400_000);
  return {
    id: 'JOB-4711',
    title: 'Terminals, line 3',
    set: TEST_SET,
    suite: null,
    units: [[unit(1), unit(3)]],
    lines: [LINE],
    options: { dryRun: false, haltAfter: null, requireLabelScan: false },
    notBefore: begin.toISOString(),
    until: end.toISOString(),
    ...change,
  };
}

/** A station with a signed-in operator. */
export interface Station {
  readonly app: Hono;
  /** Access code. */
  readonly token: string;
}

/** A service with the custodian carl and two operators, olga and otto, each at a station. */
export class OrderSetup extends ServiceSetup {
  custodian = '';
  olga = this.station('');
  otto = this.station('');

  static override async open(options: OpenTestAsOptions = {}): Promise<OrderSetup> {
    const setup = new OrderSetup(...(await openFilledAs(options)));
    setup.custodian = await setup.addOperator('carl', 'custodian');
    setup.olga = setup.station(await setup.addOperator('olga'));
    setup.otto = setup.station(await setup.addOperator('otto'));
    return setup;
  }

  /** Creates a station of the service. Its calls go to the current app, which reopen() replaces. */
  station(token: string): Station {
    const app = () => this.app;
    return {
      token,
      get app() {
        return app();
      },
    };
  }

  issue(change: Partial<NewOrderJson> = {}): Promise<OrderJson> {
    return this.json<OrderJson>(this.custodian, '/v1/work-orders', newOrder(change));
  }

  show(token = this.olga.token, path = ORDER_PATH): Promise<OrderJson> {
    return this.json<OrderJson>(token, path);
  }

  revoke(token = this.custodian): Promise<Response> {
    return this.call(token, `${ORDER_PATH}/revoke`, { reason: 'laptop lost' });
  }

  /** Returns code and detail of a refused export under the order. */
  exportRefusal(sn: string, change: Partial<ExportRequestJson> = {}, { token } = this.olga) {
    return refusalOf(this.call(token, '/v1/exports', exportRequest({ ...LINE, sn, workOrder: 'JOB-4711', ...change })));
  }
}

/** Exports a key for the unit under the order. The response may be a problem. */
export async function exportFor({ app, token }: Station, sn: string, change: Partial<ExportRequestJson> = {}) {
  const request = exportRequest({ ...LINE, sn, workOrder: 'JOB-4711', ...change });
  return { request, answer: await callJson<ExportAnswerJson>(app, token, '/v1/exports', request) };
}

/**
 * Loads a key into the unit under the order: exports and imports the key, and has the receipt
 * verified.
 */
export async function load(station: Station, sn: string, change: Partial<ExportRequestJson> = {}) {
  const { request, answer } = await exportFor(station, sn, change);
  return sendReceipt(station, request, answer);
}

/** Sends the AS the receipt that the unit returns for an export. */
export function sendReceipt({ app, token }: Station, { random }: ExportRequestJson, answer: ExportAnswerJson) {
  const { exportId, data } = answer;
  return callJson<ReceiptAnswerJson>(app, token, '/v1/receipts', { exportId, receipt: receiptFor(data, random) });
}

export function stationUnit(sn: string, change: Partial<StationUnitJson> = {}): StationUnitJson {
  return { sn, outcome: 'done', reason: null, begun: null, ended: null, ...change };
}

export function stationReport(change: Partial<StationReportJson> = {}): StationReportJson {
  const app = { version: '1.0.0', build: 'ABCDEF0123' };
  return { app, head: null, units: [], absentReason: null, close: false, ...change };
}

export function report({ app, token }: Station, change: Partial<StationReportJson>, id = 'JOB-4711') {
  const path = `/v1/work-orders/${encodeURIComponent(id)}/report`;
  return callJson<StationReportAnswerJson>(app, token, path, stationReport(change));
}

export async function fetchReport({ app, token }: Station, id = 'JOB-4711'): Promise<Report> {
  return callJson<Report>(app, token, `/v1/work-orders/${encodeURIComponent(id)}/report`);
}

/** Verifies a report with the root key of `as`. */
export function judge(as: As, given: Report | string): Promise<ReportVerdict> {
  const text = typeof given === 'string' ? given : JSON.stringify(given);
  return verifyReport(text, fromBase64url(as.signatures.trust.root), isSignedBy);
}
