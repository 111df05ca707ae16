// The parts of the service that export keys, without a disk, without HTTP and without signatures:
// a state, the ledgers, and an audit log in memory.
import type { AuditEntry } from '#as-service/audit-log/audit-line.ts';
import { AuditLog } from '#as-service/audit-log/audit-log.ts';
import { SharedLock } from '#as-service/common/shared-lock.ts';
import { Exporter, type Sender } from '#as-service/exports/exporter.ts';
import { createKeyStore } from '#as-service/exports/key-store.ts';
import { type Caller, ServiceMemory } from '#as-service/exports/service-memory.ts';
import { Ledger } from '#as-service/ledger/ledger.ts';
import { OrderLedger } from '#as-service/orders/order-ledger.ts';
import { emptyState, withAllKeys } from '#as-service/service/signing-keys.ts';
import { Signatures } from '#as-service/signing/signing.ts';
import { Sealer } from '#as-service/storage/sealer.ts';
import type { OperatorState, SetState, State } from '#as-service/storage/state.ts';
import { AsUnit } from '#protocol/as-unit/as-unit.ts';
import { type KeyStore, TreeKeyCrypto } from '#protocol/as-unit/tree-key-crypto.ts';
import { copy } from '#protocol/bytes/bytes.ts';
import { toBase64url } from '#protocol/bytes/text.ts';
import { encodeWorkOrder, type WorkOrder } from '#protocol/orders/order.ts';
import type { Envelope } from '#protocol/signing/envelope.ts';
import { TEST_SET, TEST_T, TEST_TA } from './as-service.ts';
import { heldAction } from './held-action.ts';
import { MemoryLogFile } from './memory-log-file.ts';

export const NOW = '2026-11-23T12:00:00.000Z';

const DATA_KEY = { ref1: 0x0103, label: 'Data key', attributes: 'D0AB00N', akv: 1, slot: 2 };

/** The test set with REF1 0103 for slot 2 and REF1 0104 for any slot. */
export function testSet(change: Partial<SetState> = {}): SetState {
  return {
    set: TEST_SET,
    name: 'Test set',
    profile: 'diversified',
    transportKeys: [{ tkv: 1, family: 'cmac', key: copy(TEST_T) }],
    keys: [
      { ...DATA_KEY, key: copy(TEST_TA) },
      { ...DATA_KEY, ref1: 0x0104, label: 'Other key', akv: 2, slot: 0xffff, key: copy(TEST_TA).reverse() },
    ],
    nextAkv: 3,
    units: null,
    quotaPerUnit: null,
    ...change,
  };
}

export function operator(name: string, change: Partial<OperatorState> = {}): OperatorState {
  return { name, role: 'operator', sets: null, quota: null, ordersOnly: false, tokens: [], embedded: false, ...change };
}

/**
 * Returns an envelope with the order. The signature is invalid: the ledger does not verify it.
 */
export function orderEnvelope(order: WorkOrder): Envelope {
  const payload = toBase64url(Buffer.from(encodeWorkOrder(order)));
  return { payloadType: 'application/vnd.keyferry.work-order+json', payload, signatures: [{ keyid: '', sig: '' }] };
}

export class MemoryExporter {
  state: State;
  readonly clock: { now: string };
  readonly log: AuditLog;
  readonly #file: MemoryLogFile;
  readonly #sealer: Sealer;
  readonly ledger = new Ledger();
  readonly orders = new OrderLedger();
  readonly lock = new SharedLock();
  readonly verified = new WeakSet<object>();
  readonly signatures: Signatures;
  readonly keys: KeyStore;
  readonly crypto: TreeKeyCrypto;
  readonly memory: ServiceMemory;
  readonly exporter: Exporter;

  static async open(set: Partial<SetState> = {}, demoMode = false): Promise<MemoryExporter> {
    const file = new MemoryLogFile();
    const sealer = new Sealer(new Uint8Array(32).fill(7));
    const clock = { now: NOW };
    const log = await AuditLog.open({ file, sealer, now: () => new Date(clock.now), replay: () => undefined });
    return new MemoryExporter(log, file, sealer, clock, testSet(set), demoMode);
  }

  private constructor(
    log: AuditLog,
    file: MemoryLogFile,
    sealer: Sealer,
    clock: { now: string },
    set: SetState,
    demoMode: boolean,
  ) {
    this.clock = clock;
    this.log = log;
    this.#file = file;
    this.#sealer = sealer;
    this.state = { ...withAllKeys(emptyState()), sets: [set] };
    this.signatures = new Signatures(this.state);
    const state = () => this.state;
    this.keys = createKeyStore(state, () => this.signatures);
    this.crypto = new TreeKeyCrypto(this.keys);
    const { ledger, lock, orders, verified, crypto } = this;
    const common = { state, ledger, log, lock, demoMode, verified };
    this.memory = new ServiceMemory({ ...common, orders, now: () => new Date(this.clock.now) });
    this.exporter = new Exporter({
      ...common,
      crypto,
      memory: this.memory,
      unit: new AsUnit<Caller>(this.memory, crypto),
    });
  }

  /** Changes the state while `action` runs, before `action` can append an entry. */
  async changeDuring<Result>(action: () => Promise<Result>, next: (state: State) => State): Promise<Result> {
    const held = heldAction('change', []);
    const changed = this.lock.exclusive(async () => {
      await held.run();
      this.state = next(this.state);
    });
    const running = action();
    running.catch(() => undefined);
    for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
    held.end();
    await changed;
    return await running;
  }

  /** Returns the entries of the log. */
  async entries(): Promise<AuditEntry[]> {
    const last = this.log.head.sequence;
    return last === 0 ? [] : (await this.log.read(1, last)).map(({ entry }) => entry);
  }

  /** Returns the sealed part of the newest entry. */
  newestRecord(): string {
    const { sequence } = this.log.head;
    const { sealed = '' } = JSON.parse(this.#file.written.toString().trimEnd().split('\n').at(-1) ?? '');
    return Buffer.from(this.#sealer.openRecord(sequence, Buffer.from(sealed, 'base64url'))).toString();
  }
}

/** Changes after which no key of the set may leave the AS: what changed, the refusal, and the next state. */
export const KEY_LOSSES: readonly (readonly [string, string, (state: State) => State])[] = [
  ['its set is destroyed', 'set-unknown', (state) => ({ ...state, sets: [] })],
  ['its key is disabled', 'key-unknown', (state) => ({ ...state, sets: state.sets.map(withKeysDisabled) })],
];

const withKeysDisabled = (set: SetState): SetState => ({
  ...set,
  keys: set.keys.map((entry) => ({ ...entry, disabled: true })),
});

export const sender = (account: OperatorState, requireSignedIn: () => void = () => undefined): Sender => ({
  account,
  requireSignedIn,
});
