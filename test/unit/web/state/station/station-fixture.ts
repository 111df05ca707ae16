// A station for tests of the state classes: real units and a real AS in the same process, the real journal over an IndexedDB in RAM, and links
// that the test plugs and unplugs by hand.
import 'fake-indexeddb/auto';
import { IDBFactory } from 'fake-indexeddb';
import { concat, copy } from '#protocol/bytes/bytes.ts';
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
import type { Sources } from '#web/app/token-services.ts';
import { Database } from '#web/journal/database.ts';
import { Journal } from '#web/journal/journal.ts';
import type { Work } from '#web/state/page/inactivity.ts';
import { WakeLockHolder } from '#web/state/page/wake-lock.ts';
import { type AsAccount, Session } from '#web/state/session/session.svelte.ts';
import { Lane } from '#web/state/station/lane.svelte.ts';
import { Station } from '#web/state/station/station.svelte.ts';
import type { Link, LinkKind, OpenLink } from '#web/transport/link.ts';

const ANY = 0xffff;
const TA = [1, 2, 3].map((fill) => new Uint8Array(32).fill(fill));
const FACTS = [
  { ref1: 1, label: 'Traffic', attributes: 'D0AB00N', akv: 5, slot: 2 },
  { ref1: 2, label: 'Maintenance', attributes: 'M6AC00N', akv: 6, slot: ANY },
  { ref1: 3, label: 'Traffic, newer', attributes: 'D0AB00N', akv: 7, slot: 2 },
] as const;

/** Entries that are no keys (docs/protocol.md clause 8): slot 2 erased, and the next T. */
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
export const SETS: readonly SetJson[] = [SET];

/** The same set at an AS that also erases, and has a new T. */
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

/** The AS of the test, which can be made to refuse. */
export interface TestAccount extends AsAccount {
  /** The next call of that name is refused with that code. */
  refuse(call: 'signIn' | 'exportKey' | 'verifyReceipt' | 'recallExport' | 'keys' | 'replace', code: ErrorCode): void;
  signedOut: number;
  /** The roots that were trusted instead of the one before. */
  readonly replaced: readonly string[];
}

export function createAccount(sets: readonly SetJson[]): Required<TestAccount> {
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
 * A unit on a cable. What `cut` names is where it breaks: before the unit hears the command, or before its answer is back; or where the
 * answer does not come in time. After that the link is closed for good, as a real one is.
 */
export class Cable {
  readonly unit: TestUnit;
  readonly commands: number[] = [];
  /** The command with that INS is run, and answered with that status word all the same. */
  lie: { readonly ins: number; readonly statusWord: number } | undefined;
  cut: { readonly ins: number; readonly when: 'before' | 'after' | 'silence' } | undefined;
  #lose: (() => void) | undefined;

  constructor(unit: TestUnit) {
    this.unit = unit;
  }

  link(id: number, kind: LinkKind = 'usb'): Link {
    return { id, kind, label: 'Test unit', open: () => this.#open() };
  }

  pull(): void {
    this.#lose?.();
  }

  async #open(): Promise<OpenLink> {
    const lost = new Promise<void>((resolve) => {
      this.#lose = resolve;
    });
    const gone = (): ProtocolError => {
      this.pull();
      return new ProtocolError('device-lost', 'the test pulled the plug');
    };
    let dead = false;
    return {
      lost,
      close: async () => {
        dead = true;
      },
      transmit: async (command) => {
        const ins = command[1] ?? 0;
        if (dead) throw new ProtocolError('device-lost', 'this link was closed');
        this.commands.push(ins);
        if (this.cut?.ins === ins) dead = true;
        if (this.cut?.ins === ins && this.cut.when === 'silence') {
          throw new ProtocolError('link-timeout', 'the test lets the unit be silent');
        }
        if (this.cut?.ins === ins && this.cut.when === 'before') throw gone();
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
  /** The units that the browser remembers and that are there. */
  remembered: Link[];
  /** What the next chooser gives. */
  choice: Link | undefined;
  /** What it would give if it showed every USB device. */
  otherChoice: Link | undefined;
  /** Links that were taken from another tab. */
  readonly taken: number[];
  /** What the station makes of its vaults and cards. */
  openSources: (work: Work) => Promise<Sources>;
  /** Another tab asks for the link of that id, once the station was started. */
  ask: (id: number) => void;
  /** Tells the station that something was plugged or unplugged, and waits until it has looked. */
  changed(): Promise<void>;
}

/** Never the same octets twice, whatever page asks. */
const random = countingRandom();

export const NOW = (): Date => new Date('2026-11-23T12:00:00Z');

/** What a page finds: the disk and the AS outlive it. */
export interface Found {
  readonly database: Database;
  readonly account: TestAccount;
  /** Of this page. */
  readonly name: string;
}

export async function createBench(sets = SETS, found?: Found): Promise<BenchParts> {
  const now = NOW;
  const account = found?.account ?? createAccount(sets);
  const session = new Session(async () => account, 'https://as.example', now);
  const database = found?.database ?? (await Database.open(new IDBFactory(), () => {}));
  const journal = new Journal(database, found?.name ?? 'page', now);
  let ticks = 0;
  const parts: BenchParts = {
    session,
    account,
    journal,
    remembered: [],
    choice: undefined,
    otherChoice: undefined,
    taken: [],
    openSources: () => Promise.reject(new TypeError('this bench has no vault and no card')),
    ask: () => {
      throw new TypeError('the station was not started');
    },
    changed: () => station.refresh(),
    get station(): Station {
      return station;
    },
  };
  const station: Station = new Station({
    session,
    works: async () => ({
      journal,
      as: account,
      links: {
        chooseUsb: async (all) => (all ? parts.otherChoice : parts.choice),
        chooseSerial: async () => parts.choice,
        remembered: async () => parts.remembered,
        onChange: () => () => {},
      },
      leases: {
        open: (link) => link.open(),
        take: async (link) => void parts.taken.push(link.id),
        onAsked: (listener) => {
          parts.ask = (id) => listener((link) => link.id === id);
        },
      },
      wakefulness: new WakeLockHolder(undefined),
      makeLane: (link, around) => new Lane(link, around),
      openOrders: () => Promise.reject(new TypeError('this bench opens its orders itself')),
      openSources: (_session, work) => parts.openSources(work),
    }),
    ticks: () => ticks++,
    random: () => random(16),
    platform: 'linux',
    offers: { usb: true, serial: true },
  });
  return parts;
}

export const cable = (options: UnitOptions = {}): Cable => new Cable(createUnit(options));

export async function attached(bench: BenchParts, wire = cable(), id = 1): Promise<Lane> {
  bench.choice = wire.link(id);
  await bench.station.attach('usb');
  const lane = bench.station.lanes.at(-1);
  if (!lane) throw new TypeError('no lane');
  return lane;
}

/** With the key that REF1 names, in the slot that is left. */
export async function load(lane: Lane, ref1: number): Promise<void> {
  lane.choice.ref1 = ref1;
  const { chosen } = lane.choice;
  if (!chosen) throw new TypeError('nothing is chosen');
  await lane.load(chosen);
}
