// Tests the unit as a PC/SC reader of class 0B. Loads a key, from SELECT to the receipt, over
// Debian's pcscd and libccid. They are independent implementations of CCID and, at TPDU level, of
// T=1.
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { ReaderLevel } from '#device-host/gadget/smart-card-class.ts';
import { PRODUCT_ID, VENDOR_ID } from '#device-sim/browser/usb-descriptors.ts';
import { memoryDigest } from '#device-sim/setup/control.ts';
import type { Transmit } from '#protocol/apdu/transmit.ts';
import { fromHex, hexNumber, toHex } from '#protocol/bytes/hex.ts';
import { attach } from '#protocol/provisioning/attached-unit.ts';
import { provision } from '#protocol/provisioning/provision.ts';
import { keyCheckValue } from '#protocol/tkl/body.ts';
import { createTestAs } from '../../support/as-memory.ts';
import { createTestSource } from '../../support/test-source.ts';
import { GuestUnit } from './guest-unit.ts';
import { report, type Scenario } from './scenario.ts';

const SET = 0x0000_7e57;
const TKV = 1;
const TRANSPORT_KEY = Uint8Array.from({ length: 32 }, (_, i) => 0x40 + i);
const APPLICATION_KEY = Uint8Array.from({ length: 32 }, (_, i) => 0xa0 + i);
const ATTRIBUTES = 'D0AB00N';
const START_MS = 90_000;
/**
 * libccid's list of supported readers. libccid ignores all other readers, even of the same class.
 */
const READER_LIST = '/etc/libccid_Info.plist';
const READER = 'Keyferry EI';
/** Number of lines of pcscd's log in an error message. */
const LOG_LINES = 60;

/**
 * Adds the unit to libccid's list and raises the log level. Changes only the guest's overlay, not
 * the file system of the machine.
 */
function listReader(): void {
  const hex = (id: number): string => `0x${hexNumber(id, 4)}`;
  const entries = { ifdVendorID: hex(VENDOR_ID), ifdProductID: hex(PRODUCT_ID), ifdFriendlyName: READER };
  let list = readFileSync(READER_LIST, 'utf8');
  for (const [key, entry] of Object.entries(entries)) {
    const extended = list.replace(new RegExp(`(<key>${key}</key>\\s*<array>)`), `$1<string>${entry}</string>`);
    if (extended === list) throw new Error(`${READER_LIST} has no ${key}`);
    list = extended;
  }
  writeFileSync(READER_LIST, list.replace(/(?<=<key>ifdLogLevel<\/key>\s*<string>)0x0003/, '0x000F'));
}

export function pcscScenarios(): Scenario[] {
  return (['apdu', 'tpdu'] as const).flatMap((level) =>
    [false, true].map((extendedLength) => ({
      name: `PC/SC at ${level.toUpperCase()} level, ${extendedLength ? 'extended length' : 'short APDUs'}: SELECT to receipt`,
      run: () => loadOverPcsc(level, extendedLength),
    })),
  );
}

async function loadOverPcsc(level: ReaderLevel, extendedLength: boolean): Promise<void> {
  const unit = new GuestUnit({
    description: {
      sn: level === 'apdu' ? 'A9D0' : '79D0',
      set: SET,
      tkv: TKV,
      transportKey: toHex(TRANSPORT_KEY),
      profile: 'diversified',
      extendedLength,
      slots: Array.from({ length: 16 }, (_, i) => i + 1),
      // The latency is longer than the block waiting time of T=1 and than pcscd's timeout, so that
      // the unit must request time extensions.
      latency: { identity: 0, challenge: 0, importKey: 2500 },
      protectedClass: true,
    },
    readerLevel: level,
  });
  if (!readFileSync(READER_LIST, 'utf8').includes(READER)) listReader();
  await unit.plug();
  const daemon = spawn('pcscd', ['--foreground', '--debug'], { stdio: ['ignore', 'pipe', 'pipe'] });
  const log: string[] = [];
  for (const stream of [daemon.stdout, daemon.stderr]) {
    createInterface({ input: stream }).on('line', (line) => void log.push(line));
  }
  try {
    const client = await openClient(log);
    try {
      await load(client.transmit, unit, extendedLength);
    } finally {
      client.close();
    }
  } catch (error) {
    throw new Error(`${error}\n${log.slice(-LOG_LINES).join('\n')}`);
  } finally {
    await ended(daemon);
    await unit.unplug();
  }
}

async function load(transmit: Transmit, unit: GuestUnit, extendedLength: boolean): Promise<void> {
  const key = { ref1: 1, attributes: ATTRIBUTES, akv: 1, slot: 0xffff, key: APPLICATION_KEY };
  const { as } = createTestAs({ set: SET, tkv: TKV, family: 'cmac', transportKey: TRANSPORT_KEY, keys: [key] });
  const device = await attach(transmit);
  expectSame('SN', toHex(device.identity.sn), unit.sn);
  expectSame('slots', device.identity.slots.length, 16);
  expectSame('capability', device.identity.capabilities.extendedLength, extendedLength);
  const order = { ref1: 1, ref2: 2, suites: [0x01], sign: false, idempotencyKey: 'level-3' } as const;
  const steps: string[] = [];
  for await (const { step } of provision(createTestSource(as), device, order)) steps.push(step);
  expectSame('last step', steps.at(-1), 'verified');
  const slot = memoryDigest(unit.unit).slots.find(({ ref2 }) => ref2 === 2);
  expectSame('KCV', slot?.kcv, toHex(keyCheckValue(ATTRIBUTES, APPLICATION_KEY).value));
  report({ report: 'note', text: `${unit.commands} commands reached the card` });
}

function expectSame(what: string, found: unknown, expected: unknown): void {
  if (found !== expected) throw new Error(`${what} is ${found}, not ${expected}`);
}

interface Client {
  readonly transmit: Transmit;
  close(): void;
}

/**
 * Starts scriptor of pcsc-tools, which reads a command as a line of hex and prints the response as
 * "< hex : text". Restarts scriptor until pcscd lists the reader.
 */
async function openClient(log: string[]): Promise<Client> {
  for (const end = Date.now() + START_MS; ; ) {
    const client = await tryClient(log);
    if (client !== undefined) return client;
    if (Date.now() > end) throw new Error('PC/SC lists no reader with a card');
  }
}

async function tryClient(log: string[]): Promise<Client | undefined> {
  const child = spawn('scriptor', ['-u', '-p', 'T=1'], { stdio: ['pipe', 'pipe', 'pipe'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  createInterface({ input: child.stderr }).on('line', (line) => void log.push(`scriptor: ${line}`));
  for (;;) {
    const { value, done } = await lines.next();
    if (done === true) return undefined;
    if (/^Using T=1 protocol/.test(value)) break;
  }
  return {
    async transmit(command) {
      child.stdin.write(`${toHex(command)}\n`);
      let answer = '';
      for (;;) {
        const { value, done } = await lines.next();
        if (done === true) throw new Error(`scriptor ended at ${toHex(command)}`);
        if (value.startsWith('>')) continue;
        answer += value;
        const complete = /^< ([0-9A-F ]*) : /.exec(answer);
        if (complete?.[1] !== undefined) return fromHex(complete[1]);
      }
    },
    close: () => child.stdin.end(),
  };
}

async function ended(child: ChildProcess): Promise<void> {
  const exit = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await exit;
}
