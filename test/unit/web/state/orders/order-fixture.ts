// A station with a work order under way, over a disk, an AS and units that outlive its page; and a death that takes the page at any moment.
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

/** The line that puts the key of that REF1 into that slot. */
export function line(ref1: number, ref2: number): OrderLine {
  const key = keys.find((each) => each.ref1 === ref1);
  if (!key) throw new RangeError(`there is no key ${ref1}`);
  return { ref1, ref2, akv: key.akv, kcv: key.kcv, label: key.label };
}

export const ONE_LINE = [line(1, 2)];
export const TWO_LINES = [line(1, 2), line(2, 1)];

/** The n-th unit's SN, 32 hex digits. */
export const sn = (n: number): string => (0x4549_0000 + n).toString(16).toUpperCase().padStart(32, '0');

export function unit(n: number): Cable {
  const octets = Uint8Array.from(sn(n).match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
  return new Cable(createUnit({ sn: octets }));
}

/** What the slots of a unit really hold. */
export function truth(cable: Cable, lines: readonly OrderLine[]): readonly boolean[] {
  const store = new EiStore(cable.unit.memory, [1, 2, 3]);
  return lines.map(({ ref2, kcv }) => {
    const slot = store.slot(ref2);
    const isIn = slot !== undefined && slot.key.length > 0 && toHex(slot.kcv.value) === kcv;
    wipe(slot?.key);
    return isIn;
  });
}

/** The page dies at the n-th thing that it does or hears, once that is counted: what it had begun goes on without it. */
export class Life {
  #left = Number.POSITIVE_INFINITY;
  /** What it did and heard so far. */
  moments = 0;

  /** From now on. */
  endAfter(moments: number): void {
    this.#left = moments;
  }

  get isOver(): boolean {
    return this.#left <= 0;
  }

  async live<T>(act: () => Promise<T>): Promise<T> {
    this.#pass();
    if (this.isOver) return await FOR_EVER;
    const outcome = await act().then(
      (value) => () => value,
      (error: unknown) => () => {
        throw error;
      },
    );
    this.#pass();
    if (this.isOver) return await FOR_EVER;
    return outcome();
  }

  #pass(): void {
    this.moments++;
    this.#left--;
  }
}

/** As long as a page with nothing left to do: every promise that can go on has gone on. */
export async function quiet(life: Life): Promise<void> {
  for (let calm = 0, moments = -1; calm < 4; calm = moments === life.moments ? calm + 1 : 0) {
    moments = life.moments;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

const FOR_EVER = new Promise<never>(() => undefined);

/** What outlives every page. */
export class World {
  readonly factory = new IDBFactory();
  readonly order: WorkOrder;
  readonly cables: readonly Cable[];
  /** Every export that the AS made. */
  readonly exports: ExportRequest[] = [];
  /** How often the AS was asked to recall an export, and had one. */
  recalled = 0;
  readonly #account = createAccount(SETS);
  /** Writes that were asked for and are not done. */
  writing = 0;
  #pages = 0;

  readonly #remembers: boolean;

  /** `remembers`: the AS recalls what it exported by the idempotency key. */
  constructor(
    cables: readonly Cable[],
    lines: readonly OrderLine[] = ONE_LINE,
    options: Partial<OrderOptions> = {},
    remembers = true,
  ) {
    this.cables = cables;
    this.#remembers = remembers;
    this.order = workOrder([[sn(1), sn(Math.max(1, cables.length))]], lines, options);
  }

  /** A page is opened, its units are attached, its order is at rest. */
  async open(life = new Life()): Promise<Page> {
    const name = `page ${++this.#pages}`;
    const database = await Database.open(this.factory, () => undefined);
    const run = database.run.bind(database);
    database.run = (stores, mode, body) =>
      mode === 'readwrite' ? this.#write(life, () => run(stores, mode, body)) : run(stores, mode, body);
    const { recallExport, ...forgetful } = this.#account;
    const account: TestAccount = {
      ...forgetful,
      exportKey: (request) =>
        life.live(async () => {
          const exported = await this.#account.exportKey(request);
          this.exports.push(request);
          return exported;
        }),
      verifyReceipt: (...receipt) => life.live(() => this.#account.verifyReceipt(...receipt)),
      ...(this.#remembers ? { recallExport: (key) => life.live(() => this.#count(recallExport(key))) } : {}),
    };
    const bench = await createBench(SETS, { database, account, name });
    await bench.journal.recover(new Set([name]));
    const store = new WorkOrderStore(database, NOW);
    const { order: number } = await store.hold(`https://as.example ${this.order.id}`, JSON.stringify(this.order));
    return new Page(this, bench, store, number, life);
  }

  async #count<T>(recalling: Promise<T | undefined>): Promise<T | undefined> {
    const exported = await recalling;
    if (exported !== undefined) this.recalled++;
    return exported;
  }

  async #write<T>(life: Life, write: () => Promise<T>): Promise<T> {
    this.writing++;
    try {
      return await life.live(write);
    } finally {
      this.writing--;
    }
  }
}

export class Page {
  readonly bench: BenchParts;
  readonly store: WorkOrderStore;
  readonly number: number;
  readonly signals: string[] = [];
  run: OrderRun;
  readonly #world: World;
  readonly #life: Life;
  #links = 0;

  constructor(world: World, bench: BenchParts, store: WorkOrderStore, number: number, life: Life) {
    this.#world = world;
    this.bench = bench;
    this.store = store;
    this.number = number;
    this.#life = life;
    this.run = this.#make();
  }

  /** Signs in and lets the order see what the last page left. */
  async start(): Promise<void> {
    await this.bench.session.signIn('token');
    this.run = this.#make(await this.store.counts(this.number));
    await this.run.reconcile();
    this.bench.station.attendant = this.run;
  }

  /** Plugs these in, all at once; they are worked while the order is. */
  async plug(...cables: readonly Cable[]): Promise<void> {
    this.bench.remembered = [
      ...this.bench.remembered,
      ...cables.map((cable) => {
        const link = cable.link(++this.#links);
        return {
          ...link,
          open: async () => {
            const open = await link.open();
            return { ...open, transmit: (command: Uint8Array) => this.#life.live(() => open.transmit(command)) };
          },
        };
      }),
    ];
    await this.bench.changed();
  }

  /** The unit is gone, and its lane knows. */
  async unplug(cable: Cable): Promise<void> {
    const lane = this.work(cable).lane;
    this.bench.remembered = this.bench.remembered.filter(({ id }) => id !== lane.link.id);
    cable.pull();
    await new Promise((resolve) => setTimeout(resolve, 0));
  }

  work(cable: Cable): UnitProgress {
    const at = this.#world.cables.indexOf(cable) + 1;
    const work = this.run.works.find((each) => each.sn === sn(at));
    if (!work) throw new TypeError(`unit ${at} is not here`);
    return work;
  }

  #make(counts = { running: 0, done: 0, failed: 0, unknown: 0, absent: 0 }): OrderRun {
    const { station, session, journal } = this.bench;
    let ticks = 0;
    return new OrderRun({
      order: this.#world.order,
      number: this.number,
      counts,
      elsewhere: new Set(),
      journal,
      store: this.store,
      session,
      lanes: () => station.lanes,
      now: NOW,
      ticks: () => ticks++,
      signal: (what) => void this.signals.push(what),
    });
  }
}

/** A page of it whose order is under way. */
export async function working(world: World): Promise<Page> {
  const page = await world.open();
  await page.start();
  await page.run.resume();
  return page;
}
