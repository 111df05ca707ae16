// A station for tests of the state classes: simulated units and an AS in the same process, a
// journal with an IndexedDB in memory, and links that the test plugs in and unplugs.
import 'fake-indexeddb/auto';
import { IDBFactory } from 'fake-indexeddb';
import { type Bytes, concat, copy } from '#protocol/bytes/bytes.ts';
import { toHex } from '#protocol/bytes/hex.ts';
import { u16 } from '#protocol/bytes/integers.ts';
import { aesKcv } from '#protocol/crypto/kcv.ts';
import { type ErrorCode, ProtocolError } from '#protocol/errors.ts';
import type { SetJson } from '#protocol/service/messages.ts';
import { NO_ATTRIBUTES } from '#protocol/tkl/header.ts';
import { createTestAs } from '#test/support/as-memory.ts';
import { createTestSource } from '#test/support/test-source.ts';
import {
  countingRandom,
  createUnit,
  TEST_SET,
  TEST_TKV,
  TEST_TRANSPORT_KEY,
  type TestUnit,
  type UnitOptions,
} from '#test/support/units.ts';
import { Database } from '#web/journal/database.ts';
import { Journal } from '#web/journal/journal.ts';
import { MAX_REQUESTS, Semaphore } from '#web/state/session/semaphore.ts';
import { type AsAccount, type LocalAccount, Session } from '#web/state/session/session.svelte.ts';
import { Lane } from '#web/state/station/lane.svelte.ts';
import { Station } from '#web/state/station/station.svelte.ts';
import type { Link, LinkKind, OpenLink } from '#web/transport/link.ts';

const ANY = 0xffff;
const GET_RESPONSE = 0xc0;
const TA = [1, 2, 3].map((fill) => new Uint8Array(32).fill(fill));
const FACTS = [
  { ref1: 1, label: 'Traffic', attributes: 'D0AB00N', akv: 5, slot: 2 },
  { ref1: 2, label: 'Maintenance', attributes: 'M6AC00N', akv: 6, slot: ANY },
  { ref1: 3, label: 'Traffic, newer', attributes: 'D0AB00N', akv: 7, slot: 2 },
] as const;

/** Key entries without a key (docs/protocol.md clause 8): one erases slot 2, one has the next T. */
const CLAUSE_8 = [
  { ref1: 8, label: 'Traffic, withdrawn', attributes: '', akv: 9, slot: 2 },
  { ref1: 9, label: 'Transport 2', attributes: 'K0AX00N', akv: 2, slot: 0xfffe },
] as const;
const NEXT_TKV = 2;

const SET: SetJson = {
  set: TEST_SET,
  name: 'Bench',
  profile: 'diversified',
  demo: false,
  transportKeys: [{ tkv: TEST_TKV, suites: [0x01, 0x02] }],
  keys: FACTS.map((facts, index) => ({ ...facts, kcv: kcvOf(index) })),
};

/** INS of commands that a cable can interrupt. */
export const SELECT = 0xa4;
export const GET_CHALLENGE = 0x84;
export const IMPORTKEY = 0xd8;

export const SETS: readonly SetJson[] = [SET];

/** SETS with the entries of clause 8 and a new version of T. */
export const SETS_WITH_CLAUSE_8: readonly SetJson[] = [
  {
    ...SET,
    transportKeys: [...SET.transportKeys, { tkv: NEXT_TKV, suites: [0x01, 0x02] }],
    keys: [...SET.keys, ...CLAUSE_8.map((facts) => ({ ...facts, kcv: '0000000000' }))],
  },
];

function kcvOf(index: number): string {
  return toHex(aesKcv(TA[index] ?? new Uint8Array(32)));
}

/** An AS whose next call can be refused. */
export interface TestAccount extends AsAccount {
  /** Refuses the next call of `call` with `code`. */
  refuse(call: 'signIn' | 'exportKey' | 'verifyReceipt' | 'recallExport' | 'keys' | 'replace', code: ErrorCode): void;
  signedOut: number;
  /** The root keys that the operator has accepted instead of the pinned root key. */
  readonly replaced: readonly string[];
}

export function createAccount(sets: readonly SetJson[]): TestAccount & Required<Pick<TestAccount, 'recallExport'>> {
  const keys = [
    ...FACTS.map((facts, index) => ({ ...facts, key: TA[index] ?? new Uint8Array(32) })),
    ...CLAUSE_8.map((facts) => ({ ...facts, attributes: facts.attributes || NO_ATTRIBUTES, key: new Uint8Array() })),
  ];
  const nextTransportKeys = [{ tkv: NEXT_TKV, key: new Uint8Array(32).fill(9) }];
  const t = { tkv: TEST_TKV, family: 'cmac', transportKey: TEST_TRANSPORT_KEY, nextTransportKeys } as const;
  const room = { set: TEST_SET, ...t, keys } as const;
  const source = createTestSource(createTestAs(room).as);
  const refusals = new Map<string, ErrorCode>();
  const replaced: string[] = [];
  const unless = async <T>(call: string, act: () => Promise<T>): Promise<T> => {
    const code = refusals.get(call);
    refusals.delete(call);
    if (code) throw new ProtocolError(code, `${call} was refused by the test`);
    return await act();
  };
  return {
    auditHead: { envelope: '{"head":1}' },
    roots: {
      isPinned: async () => true,
      compare: async () => ({
        pinned: { fingerprint: '0000000000000000', at: '2026-11-22T12:00:00Z' },
        shown: { fingerprint: 'AAAAAAAAAAAAAAAA', root: 'the root that is shown' },
      }),
      replace: (root) => unless('replace', async () => void replaced.push(root)),
    },
    replaced,
    signedOut: 0,
    refuse: (call, code) => void refusals.set(call, code),
    signIn: () =>
      unless('signIn', async () => ({
        operator: 'ada',
        role: 'operator',
        expires: '2026-11-23T20:00:00Z',
        service: { name: 'Test AS', asNumber: 0, demo: false },
      })),
    signOut() {
      this.signedOut++;
    },
    keys: () => unless('keys', async () => sets),
    exportKey: (request) => unless('exportKey', () => source.exportKey(request)),
    verifyReceipt: (...receipt) => unless('verifyReceipt', () => source.verifyReceipt(...receipt)),
    recallExport: (key) => unless('recallExport', () => source.recallExport(key)),
  };
}

/**
 * A unit on a cable. `cut` interrupts the link at one command: before the unit receives the
 * command, after the unit has run it, or with a timeout. The link is closed afterwards, as a real
 * link is.
 */
export class Cable {
  /**
   * The unit. A test may replace it to simulate that another unit is plugged into the same port.
   */
  unit: TestUnit;
  readonly commands: number[] = [];
  /** Replaces the status word of one command, after the unit has run the command. */
  lie: { readonly ins: number; readonly statusWord: number } | undefined;
  cut: { readonly ins: number; readonly when: 'before' | 'after' | 'silence' | 'silence from then on' } | undefined;
  usbSerialNumber: string | undefined = 'TEST';
  /** Called before the unit receives a command. */
  beforeCommand: ((ins: number) => Promise<void>) | undefined;
  /** Answers to the next GET RESPONSE commands. The unit does not receive these commands. */
  readonly answers: Bytes[] = [];
  /** Number of links to the unit that were closed. */
  closed = 0;
  #isSilent = false;
  #opened: (() => void)[] = [];

  constructor(unit: TestUnit) {
    this.unit = unit;
  }

  link(id: number, kind: LinkKind = 'usb'): Link {
    return { id, kind, label: 'Test unit', usbSerialNumber: this.usbSerialNumber, open: () => this.#open() };
  }

  pull(): void {
    for (const lose of this.#opened.splice(0)) lose();
  }

  async #open(): Promise<OpenLink> {
    const lost = new Promise<void>((resolve) => {
      this.#opened.push(resolve);
    });
    const gone = (): ProtocolError => {
      this.pull();
      return new ProtocolError('device-lost', 'the test pulled the plug');
    };
    let dead = false;
    let isClosed = false;
    return {
      lost,
      close: async () => {
        if (!isClosed) this.closed++;
        isClosed = true;
        dead = true;
      },
      transmit: async (command) => {
        const ins = command[1] ?? 0;
        if (dead) throw new ProtocolError('device-lost', 'this link was closed');
        this.commands.push(ins);
        await this.beforeCommand?.(ins);
        this.#isSilent = this.cut?.when === 'silence from then on' && (this.#isSilent || this.cut.ins === ins);
        if (this.cut?.ins === ins || this.#isSilent) dead = true;
        if (this.#isSilent) throw new ProtocolError('link-timeout', 'the test lets the unit be silent');
        if (this.cut?.ins === ins && this.cut.when === 'silence') {
          throw new ProtocolError('link-timeout', 'the test lets the unit be silent');
        }
        if (this.cut?.ins === ins && this.cut.when === 'before') throw gone();
        const made = ins === GET_RESPONSE ? this.answers.shift() : undefined;
        if (made) return made;
        const answer = await this.unit.transmit(command);
        if (this.cut?.ins === ins) throw gone();
        if (this.lie?.ins === ins) return concat(u16(this.lie.statusWord));
        return copy(answer);
      },
    };
  }
}

export interface BenchParts {
  readonly station: Station;
  readonly session: Session;
  readonly account: TestAccount;
  readonly journal: Journal;
  /** Number of times that the journal reported that it was closed or lost. */
  readonly troubles: number;
  /** The permitted units that are plugged in. */
  remembered: Link[];
  /** The link that the operator chooses in the next device chooser; undefined to cancel. */
  choice: Link | undefined;
  /** The link that the operator chooses in a chooser that shows every USB device. */
  otherChoice: Link | undefined;
  /** Names of the AS in the journal: the one in use, and then its earlier ones. */
  asNames: readonly [string, ...string[]];
  /** The choosers that the station has opened. */
  readonly choosers: ('usb' | 'serial' | 'every USB device')[];
  /** Ids of the links that were taken over from another tab. */
  readonly taken: number[];
  /** Ids of the links for which another tab waits. */
  readonly awaited: Set<number>;
  /** Requests the link `id` as another tab would. Available after start(). */
  ask: (id: number) => void;
  /** Reports a change as the browser does, to a station that was started. */
  plugged: () => void;
  /**
   * Reports to the station that units were plugged in or unplugged. Resolves when the station has
   * refreshed its lanes.
   */
  changed(): Promise<void>;
}

/** All pages share this generator, so that no two pages get the same bytes. */
const random = countingRandom();

export const NOW = (): Date => new Date('2026-11-23T12:00:00Z');

/**
 * The disk and the AS, which a page finds when it opens and which remain after the page is closed.
 */
export interface Found {
  readonly database: Database;
  readonly account: TestAccount;
  /** Session id of the page. */
  readonly name: string;
}

export async function createBench(sets = SETS, found?: Found): Promise<BenchParts> {
  const now = NOW;
  const account = found?.account ?? createAccount(sets);
  const session = new Session(
    async () => account,
    () => parts.asNames,
    now,
  );
  const database = found?.database ?? (await Database.open(new IDBFactory(), () => {}));
  let troubles = 0;
  const journal = new Journal(database, found?.name ?? 'page', now, () => troubles++);
  let ticks = 0;
  const semaphore = new Semaphore(MAX_REQUESTS);
  const parts: BenchParts = {
    session,
    account,
    journal,
    remembered: [],
    choice: undefined,
    otherChoice: undefined,
    asNames: ['https://as.example'],
    choosers: [],
    taken: [],
    awaited: new Set(),
    ask: () => {
      throw new TypeError('the station was not started');
    },
    plugged: () => {
      throw new TypeError('the station was not started');
    },
    changed: () => station.refresh(),
    get troubles(): number {
      return troubles;
    },
    get station(): Station {
      return station;
    },
  };
  const station: Station = new Station({
    session,
    services: async () => ({
      journal,
      as: account,
      links: {
        chooseUsb: async (all) => {
          parts.choosers.push(all ? 'every USB device' : 'usb');
          return all ? parts.otherChoice : parts.choice;
        },
        chooseSerial: async () => {
          parts.choosers.push('serial');
          return parts.choice;
        },
        remembered: async () => parts.remembered,
        onChange: (listener) => {
          parts.plugged = listener;
          return () => {};
        },
      },
      leases: {
        open: (link) => link.open(),
        take: async (link) => void parts.taken.push(link.id),
        isRequested: async (link) => parts.awaited.has(link.id),
        onRequest: (listener) => {
          parts.ask = (id) => {
            parts.awaited.add(id);
            listener((link) => link.id === id);
          };
        },
      },
      now,
      makeLane: (link, options) => new Lane(link, options, semaphore),
    }),
    ticks: () => ticks++,
    random: () => random(16),
    platform: 'linux',
    offers: { usb: true, serial: true },
  });
  return parts;
}

/** Presents the AS of the test as a vault. */
export function localOf({ account }: BenchParts): LocalAccount & { locked: number } {
  return {
    kind: 'vault',
    origin: 'vault AAAA',
    name: 'Vault 0007',
    asNumber: 7,
    auditHead: undefined,
    locked: 0,
    signOut() {
      this.locked++;
    },
    keys: async () => SETS,
    exportKey: (request) => account.exportKey(request),
    verifyReceipt: (...receipt) => account.verifyReceipt(...receipt),
  };
}

export const cable = (options: UnitOptions = {}): Cable => new Cable(createUnit(options));

export async function attached(bench: BenchParts, wire = cable(), id = 1): Promise<Lane> {
  bench.choice = wire.link(id);
  await bench.station.attach('usb');
  const lane = bench.station.lanes.at(-1);
  if (!lane) throw new TypeError('no lane');
  return lane;
}

/** Loads the key `ref1` into the only available slot. */
export async function load(lane: Lane, ref1: number): Promise<void> {
  lane.choice.chooseKey(ref1);
  const { chosen } = lane.choice;
  if (!chosen) throw new TypeError('nothing is chosen');
  await lane.load(chosen);
}

/**
 * Loads a key into a unit that is unplugged during IMPORTKEY: before the unit receives the command, or
 * after it has run it. Another link of the unit then works.
 */
export async function cutOff(when: 'before' | 'after' = 'after') {
  const bench = await createBench();
  await bench.session.signIn('token');
  const wire = cable();
  wire.cut = { ins: IMPORTKEY, when };
  const lane = await attached(bench, wire);
  await load(lane, 1);
  wire.cut = undefined;
  return { bench, wire, lane };
}
