// A station for tests of the state classes: real units and a real AS in the same process, the real journal over an IndexedDB in RAM, and links
// that the test plugs and unplugs by hand.
import 'fake-indexeddb/auto';
import { IDBFactory } from 'fake-indexeddb';
import { copy } from '#protocol/bytes/bytes.ts';
import { toHex } from '#protocol/bytes/hex.ts';
import { aesKcv } from '#protocol/crypto/kcv.ts';
import { ProtocolError } from '#protocol/errors.ts';
import type { SetJson } from '#protocol/service/messages.ts';
import { createTestAs } from '#test/support/as-memory.ts';
import { createTestSource } from '#test/support/test-source.ts';
import {
  createUnit,
  TEST_SET,
  TEST_TKV,
  TEST_TRANSPORT_KEY,
  type TestUnit,
  type UnitOptions,
} from '#test/support/units.ts';
import { Lane } from '#web/state/lane.svelte.ts';
import { type AsAccount, Session } from '#web/state/session.svelte.ts';
import { Station } from '#web/state/station.svelte.ts';
import { Database } from '#web/store/database.ts';
import { Journal } from '#web/store/journal.ts';
import type { Link, LinkKind, OpenLink } from '#web/transport/link.ts';

const ANY = 0xffff;
const TA = [1, 2, 3].map((fill) => new Uint8Array(32).fill(fill));
const FACTS = [
  { ref1: 1, label: 'Traffic', attributes: 'D0AB00N', akv: 5, slot: 2 },
  { ref1: 2, label: 'Maintenance', attributes: 'M6AC00N', akv: 6, slot: ANY },
  { ref1: 3, label: 'Traffic, newer', attributes: 'D0AB00N', akv: 7, slot: 2 },
] as const;

export const SETS: readonly SetJson[] = [
  {
    set: TEST_SET,
    name: 'Bench',
    profile: 'diversified',
    demo: false,
    transportKeys: [{ tkv: TEST_TKV, suites: [0x01, 0x02] }],
    keys: FACTS.map((facts, index) => ({ ...facts, kcv: kcvOf(index) })),
  },
];

function kcvOf(index: number): string {
  return toHex(aesKcv(TA[index] ?? new Uint8Array(32)));
}

/** The AS of the test, which can be made to refuse. */
export interface TestAccount extends AsAccount {
  /** The next call of that name is refused with that code. */
  refuse(call: 'signIn' | 'exportKey' | 'verifyReceipt' | 'keys', code: 'service-unreachable' | 'signed-out'): void;
  signedOut: number;
}

function createAccount(): TestAccount {
  const keys = FACTS.map((facts, index) => ({ ...facts, key: TA[index] ?? new Uint8Array(32) }));
  const room = { set: TEST_SET, tkv: TEST_TKV, family: 'cmac', transportKey: TEST_TRANSPORT_KEY, keys } as const;
  const source = createTestSource(createTestAs(room).as);
  const refusals = new Map<string, 'service-unreachable' | 'signed-out'>();
  const unless = async <T>(call: string, act: () => Promise<T>): Promise<T> => {
    const code = refusals.get(call);
    refusals.delete(call);
    if (code) throw new ProtocolError(code, `${call} was refused by the test`);
    return await act();
  };
  return {
    auditHead: { envelope: '{"head":1}' },
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
    keys: () => unless('keys', async () => SETS),
    exportKey: (request) => unless('exportKey', () => source.exportKey(request)),
    verifyReceipt: (...receipt) => unless('verifyReceipt', () => source.verifyReceipt(...receipt)),
  };
}

/**
 * A unit on a cable. What `cut` names is where it breaks: before the unit hears the command, or before its answer is back; or where the
 * answer does not come in time. After that the link is closed for good, as a real one is.
 */
export class Cable {
  readonly unit: TestUnit;
  readonly commands: number[] = [];
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
  /** Tells the station that something was plugged or unplugged, and waits until it has looked. */
  changed(): Promise<void>;
}

export async function createBench(): Promise<BenchParts> {
  const now = (): Date => new Date('2026-11-23T12:00:00Z');
  const account = createAccount();
  const session = new Session(async () => account, 'https://as.example', now);
  const journal = new Journal(await Database.open(new IDBFactory(), () => {}), 'page', now);
  let ticks = 0;
  const parts: BenchParts = {
    session,
    account,
    journal,
    remembered: [],
    choice: undefined,
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
        chooseUsb: async () => parts.choice,
        chooseSerial: async () => parts.choice,
        remembered: async () => parts.remembered,
        onChange: () => () => {},
      },
      makeLane: (link, around) => new Lane(link, around),
    }),
    ticks: () => ticks++,
    random: () => new Uint8Array(16).fill(ticks),
    platform: 'linux',
    offers: { usb: true, serial: true },
  });
  return parts;
}

export const cable = (options: UnitOptions = {}): Cable => new Cable(createUnit(options));
