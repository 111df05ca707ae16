// A station with an open order, for tests. A page can crash at any operation. The units, the AS and
// the disk remain after the crash.
import 'fake-indexeddb/auto';
import { IDBFactory } from 'fake-indexeddb';
import { EiStore } from '#device-sim/ei/store.ts';
import { wipe } from '#protocol/bytes/bytes.ts';
import { toHex } from '#protocol/bytes/hex.ts';
import type { OrderLine, OrderOptions, WorkOrder } from '#protocol/orders/order.ts';
import type { ExportRequest } from '#protocol/provisioning/key-source.ts';
import { createUnit } from '#test/support/units.ts';
import { workOrder } from '#test/support/work-orders.ts';
import {
  type BenchParts,
  Cable,
  createAccount,
  createBench,
  NOW,
  SETS,
  type TestAccount,
} from '#test/unit/web/state/station/station-fixture.ts';
import { Database } from '#web/journal/database.ts';
import { WorkOrderStore } from '#web/journal/work-orders.ts';
import { OrderRun } from '#web/state/orders/order-run.svelte.ts';
import type { UnitProgress } from '#web/state/orders/unit-progress.svelte.ts';

const keys = SETS[0]?.keys ?? [];

/** Returns an order line that loads the key `ref1` into the slot `ref2`. */
function line(ref1: number, ref2: number): OrderLine {
  const key = keys.find((each) => each.ref1 === ref1);
  if (!key) throw new RangeError(`there is no key ${ref1}`);
  return { ref1, ref2, akv: key.akv, kcv: key.kcv, label: key.label };
}

export const ONE_LINE = [line(1, 2)];
export const TWO_LINES = [line(1, 2), line(2, 1)];

/** Returns the serial number of unit `n`, 32 hex digits. */
export const sn = (n: number): string => (0x4549_0000 + n).toString(16).toUpperCase().padStart(32, '0');

export function unit(n: number): Cable {
  const bytes = Uint8Array.from(sn(n).match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
  return new Cable(createUnit({ sn: bytes }));
}

/** Returns for each line whether the memory of the unit holds the key of the line. */
export function truth(cable: Cable, lines: readonly OrderLine[]): readonly boolean[] {
  const store = new EiStore(cable.unit.memory, [1, 2, 3]);
  return lines.map(({ ref2, kcv }) => {
    const slot = store.slot(ref2);
    const isIn = slot !== undefined && slot.key.length > 0 && toHex(slot.kcv.value) === kcv;
    wipe(slot?.key);
    return isIn;
  });
}

/**
 * Crashes a page at an operation: at the start or the end of a command, a request to the AS or a
 * write.
 */
export class Crash {
  #remaining = Number.POSITIVE_INFINITY;
  /** Number of operations so far. */
  operations = 0;

  /** Crashes at the `count`-th operation from now. */
  after(count: number): void {
    this.#remaining = count;
  }

  get hasHappened(): boolean {
    return this.#remaining <= 0;
  }

  /**
   * Runs an operation. After the crash the promise never settles, as in a page that has crashed.
   */
  async run<T>(operation: () => Promise<T>): Promise<T> {
    this.#count();
    if (this.hasHappened) return await NEVER;
    const outcome = await operation().then(
      (value) => () => value,
      (error: unknown) => () => {
        throw error;
      },
    );
    this.#count();
    if (this.hasHappened) return await NEVER;
    return outcome();
  }

  #count(): void {
    this.operations++;
    this.#remaining--;
  }
}

/** Resolves when the page has started no operation in four turns of the event loop. */
export async function quiet(crash: Crash): Promise<void> {
  for (let calm = 0, before = -1; calm < 4; calm = before === crash.operations ? calm + 1 : 0) {
    before = crash.operations;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

const NEVER = new Promise<never>(() => undefined);

/** The parts that remain after a page has crashed: the units, the AS and the disk. */
export class World {
  /** Whether the site requires the scan of each label. */
  scansLabels = false;
  readonly factory = new IDBFactory();
  readonly order: WorkOrder;
  readonly cables: readonly Cable[];
  /** All exports that the AS has made. */
  readonly exports: ExportRequest[] = [];
  /** Number of recalls that found an export. */
  recalled = 0;
  readonly #account = createAccount(SETS);
  /** Number of writes in progress. */
  writing = 0;
  #pages = 0;

  readonly #canRecall: boolean;

  /** `canRecall` is true if the AS can recall an export by its idempotency key. */
  constructor(
    cables: readonly Cable[],
    lines: readonly OrderLine[] = ONE_LINE,
    options: Partial<OrderOptions> = {},
    canRecall = true,
  ) {
    this.cables = cables;
    this.#canRecall = canRecall;
    this.order = workOrder([[sn(1), sn(Math.max(1, cables.length))]], lines, options);
  }

  /** Opens a page with the order, whose run is paused. */
  async open(crash = new Crash()): Promise<Page> {
    const name = `page ${++this.#pages}`;
    const database = await Database.open(this.factory, () => undefined);
    const run = database.run.bind(database);
    database.run = (stores, mode, body) =>
      mode === 'readwrite' ? this.#write(crash, () => run(stores, mode, body)) : run(stores, mode, body);
    const { recallExport, ...withoutRecall } = this.#account;
    const account: TestAccount = {
      ...withoutRecall,
      exportKey: (request) =>
        crash.run(async () => {
          const exported = await this.#account.exportKey(request);
          this.exports.push(request);
          return exported;
        }),
      verifyReceipt: (...receipt) => crash.run(() => this.#account.verifyReceipt(...receipt)),
      ...(this.#canRecall ? { recallExport: (key) => crash.run(() => this.#count(recallExport(key))) } : {}),
    };
    const bench = await createBench(SETS, { database, account, name });
    await bench.journal.recover(new Set([name]));
    const store = new WorkOrderStore(database, NOW);
    const { order: chain } = await store.save(`https://as.example ${this.order.id}`, JSON.stringify(this.order));
    return new Page(this, bench, store, chain, crash);
  }

  async #count<T>(recall: Promise<T | undefined>): Promise<T | undefined> {
    const exported = await recall;
    if (exported !== undefined) this.recalled++;
    return exported;
  }

  async #write<T>(crash: Crash, write: () => Promise<T>): Promise<T> {
    this.writing++;
    try {
      return await crash.run(write);
    } finally {
      this.writing--;
    }
  }
}

export class Page {
  readonly bench: BenchParts;
  readonly store: WorkOrderStore;
  readonly chain: number;
  readonly signals: string[] = [];
  /** The clock that the run reads. */
  now = NOW;
  run: OrderRun;
  readonly #world: World;
  readonly #crash: Crash;
  #links = 0;

  constructor(world: World, bench: BenchParts, store: WorkOrderStore, chain: number, crash: Crash) {
    this.#world = world;
    this.bench = bench;
    this.store = store;
    this.chain = chain;
    this.#crash = crash;
    this.run = this.#makeRun();
  }

  /** Signs in. Completes the rows that the last page left, with the data of the journal. */
  async start(): Promise<void> {
    await this.bench.session.signIn('token');
    this.run = this.#makeRun(await this.store.counts(this.chain));
    await this.run.reconcile();
    this.bench.station.assign(this.run);
  }

  /**
   * Plugs in the units at the same time. If the order is running, resolves when they are loaded.
   */
  async plug(...cables: readonly Cable[]): Promise<void> {
    this.bench.remembered = [
      ...this.bench.remembered,
      ...cables.map((cable) => {
        const link = cable.link(++this.#links);
        return {
          ...link,
          open: async () => {
            const open = await link.open();
            return { ...open, transmit: (command: Uint8Array) => this.#crash.run(() => open.transmit(command)) };
          },
        };
      }),
    ];
    await this.bench.changed();
  }

  /** Unplugs the unit. Resolves when the lane has handled the unplug. */
  async unplug(cable: Cable): Promise<void> {
    const { lane } = this.unit(cable);
    this.bench.remembered = this.bench.remembered.filter(({ id }) => id !== lane.link.id);
    cable.pull();
    await new Promise((resolve) => setTimeout(resolve, 0));
  }

  unit(cable: Cable): UnitProgress {
    const n = this.#world.cables.indexOf(cable) + 1;
    const unit = this.run.units.find((each) => each.sn === sn(n));
    if (!unit) throw new TypeError(`unit ${n} is not attached`);
    return unit;
  }

  #makeRun(counts = { running: 0, done: 0, failed: 0, unknown: 0, absent: 0, aside: 0 }): OrderRun {
    const { station, session, journal } = this.bench;
    let ticks = 0;
    return new OrderRun({
      order: this.#world.order,
      chain: this.chain,
      counts,
      elsewhere: new Set(),
      journal,
      store: this.store,
      session,
      lanes: () => station.lanes,
      now: () => this.now(),
      ticks: () => ticks++,
      signal: (what) => void this.signals.push(what),
      scansLabels: () => this.#world.scansLabels,
    });
  }
}

/** Opens a page and starts the order. */
export async function working(world: World): Promise<Page> {
  const page = await world.open();
  await page.start();
  await page.run.start();
  return page;
}
