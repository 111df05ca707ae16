// The HTTP application over a simulated AS, without disk, keys and signatures.
import { vi } from 'vitest';
import { type AppOptions, createApp } from '#as-service/api/app.ts';
import { parseLongBody } from '#as-service/api/routes/long-bodies.ts';
import { accessCodeState, createAccessCode } from '#as-service/operators/access-codes.ts';
import type { As } from '#as-service/service/as.ts';
import type { OperatorState } from '#as-service/storage/state.ts';
import { toBase64url } from '#protocol/bytes/text.ts';
import type { Role } from '#protocol/service/messages.ts';
import { NOW, operator, testSet } from './memory-exporter.ts';

export const HEAD = { head: 'signed' };
const ROLES: readonly Role[] = ['operator', 'custodian', 'auditor', 'administrator'];
export const CODES = new Map(ROLES.map((role) => [role, createAccessCode()]));
export const SN = '4549000000000007'.padStart(32, '0');
export const bytes = (length: number) => toBase64url(new Uint8Array(length));
export const EXPORT = {
  ...{ set: 0xba7c, tkv: 1, suite: 1, sign: false, random: bytes(16), ref1: 0x103, ref2: 2, sn: SN },
  ...{ challengeMac: bytes(16), idempotencyKey: bytes(16) },
};
export const STATION = { app: { version: '1', build: '2' }, head: null, units: [] };
export const EXPORTED = {
  exportId: 'e1',
  data: Uint8Array.from({ length: 100 }, (_, i) => i),
  dataHash: new Uint8Array(32).fill(7),
};
export const BALANCE = {
  done: 1,
  failed: 0,
  unknown: 0,
  absent: 0,
  gaps: new Array(1500).fill('g'),
  missing: new Array(1500).fill('m'),
};

const accountOf = (role: Role): OperatorState =>
  operator(role, { role, sets: [0xba7c], tokens: [accessCodeState(CODES.get(role) ?? '', new Date(NOW), 3_600_000)] });

/** An AS whose parts return constants. A test replaces what it observes. */
function simulatedAs() {
  const record = { view: () => ({ vaultId: 'v1' }) };
  const order = { envelope: {}, state: 'open' };
  return {
    isReady: true,
    demoMode: false,
    now: () => new Date(NOW),
    state: { name: 'Test AS', asNumber: 3, operators: ROLES.map(accountOf), sets: [testSet()] },
    followClock: vi.fn(async (): Promise<Error | undefined> => undefined),
    signLog: vi.fn(async (_seen?: number) => ({ auditHead: HEAD })),
    ledger: { workOrders: vi.fn((name: string | undefined) => `named ${name}`) },
    log: {
      head: { sequence: 120 },
      firstWithin: (last: number, maxEntries: number) => Math.max(1, last - maxEntries + 1),
      read: vi.fn(async (first: number, last: number) => [first, last]),
    },
    signatures: {
      trust: { root: 'r' },
      signHead: async () => HEAD,
      signVerdict: async (verdict: unknown) => ({ signed: verdict }),
      signVerdicts: async (verdicts: readonly unknown[]) => verdicts.map((verdict) => ({ signed: verdict })),
    },
    exporter: {
      export: vi.fn(async () => EXPORTED),
      recall: vi.fn(() => EXPORTED),
      verifyReceipt: vi.fn(async () => 'verdict'),
    },
    orders: {
      list: vi.fn(async () => ['listed']),
      issue: vi.fn(async () => order),
      find: vi.fn(() => order),
      view: vi.fn(() => ({ viewed: true })),
      progress: vi.fn(() => ({ loaded: 1 })),
      revoke: vi.fn(async () => order),
      report: vi.fn(async () => undefined),
      close: vi.fn(async () => ({ closed: true, balance: BALANCE })),
      balance: vi.fn(() => BALANCE),
      makeReport: vi.fn(async () => ({ report: 1 })),
    },
    vaults: {
      issue: vi.fn(async () => ({ text: 'file', passphrase: 'phrase', record })),
      visible: vi.fn(() => [record]),
      revoke: vi.fn(async () => record),
      reconcile: vi.fn(async () => ({ record, entries: 3, exports: 2, receipts: 1, findings: [], verdicts: ['v'] })),
    },
  };
}

export type SimulatedAs = ReturnType<typeof simulatedAs>;

export function simulatedService(options: Partial<AppOptions> = {}) {
  const as = simulatedAs();
  const report = vi.fn();
  const app = createApp({
    as: as as unknown as As,
    files: { hasPage: true, answer: (path) => (path === '/page' ? new Response('the page') : undefined) },
    origins: () => ['https://as.example'],
    pageOrigins: ['https://page.example'],
    exportRate: { burst: 5, perMinute: 5 },
    signInRate: { burst: 2, perMinute: 2 },
    parseLong: async (kind, body) => parseLongBody(kind, body),
    report,
    ...options,
  });
  const send = (path: string, { role = 'operator' as Role, body, headers = {}, env = {} }: SendOptions = {}) =>
    app.request(
      path.startsWith('http') ? path : `https://as.example${path}`,
      {
        method: body === undefined ? 'GET' : 'POST',
        headers: { authorization: `Bearer ${CODES.get(role)}`, 'content-type': 'application/json', ...headers },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      },
      env,
    );
  return { as, app, report, send };
}

export interface SendOptions {
  readonly role?: Role;
  readonly body?: object;
  readonly headers?: Record<string, string>;
  readonly env?: object;
}

export const detailOf = async (response: Response): Promise<string> =>
  ((await response.json()) as { detail: string }).detail;
