// `npm run device` as a real process: what it offers over TCP, what its view says of a host's work, its fault script, and its end.
import { type ChildProcess, spawn } from 'node:child_process';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { afterEach, expect, it } from 'vitest';
import { fromHex } from '#protocol/bytes/hex.ts';
import { encodeCcidMessage } from '#protocol/framing/ccid-message.ts';
import { FakeKernel } from '#test/unit/device-host/fake-kernel.ts';

const LIMIT_MS = 60_000;
const [CCID_IN, CCID_OUT] = [1, 2];
const LONGEST = 1344;
const SET_CONFIGURATION = 9;
const POWER_ON = encodeCcidMessage(0x62, 0, 0, [0, 0, 0], new Uint8Array(0));
const SELECT = encodeCcidMessage(0x6f, 0, 1, [0, 0, 0], fromHex('00A4040006F0544B4C310100'));

const children = new Set<ChildProcess>();
afterEach(() => {
  for (const child of children) child.kill('SIGKILL');
  children.clear();
});

class Device {
  readonly child: ChildProcess;
  readonly ended: Promise<number | null>;
  readonly #said: string[] = [];
  #onLine: () => void = () => undefined;

  constructor(...args: string[]) {
    this.child = spawn(process.execPath, ['--import', 'tsx', 'device-host/cli.ts', '--port', '0', ...args]);
    children.add(this.child);
    this.ended = new Promise((resolve) => this.child.once('exit', resolve));
    for (const stream of [this.child.stdout, this.child.stderr]) {
      if (stream === null) continue;
      createInterface({ input: stream }).on('line', (line) => {
        this.#said.push(line);
        this.#onLine();
      });
    }
  }

  /** Its first line that fits, now or later. */
  async says(words: RegExp): Promise<RegExpExecArray> {
    return await new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`never ${words}:\n${this.#said.join('\n')}`)), LIMIT_MS);
      this.#onLine = () => {
        const found = this.#said.map((line) => words.exec(line)).find((match) => match !== null);
        if (found == null) return;
        clearTimeout(timer);
        resolve(found);
      };
      this.#onLine();
    });
  }

  /** A host that has imported the device. */
  async host(): Promise<FakeKernel> {
    const [, port, busId = ''] = await this.says(/USB\/IP on 127\.0\.0\.1:(\d+), bus id (\S+)/);
    await this.says(/plugged in/);
    const kernel = new FakeKernel(connect(Number(port), '127.0.0.1'));
    expect(await kernel.import(busId)).toBe(0);
    expect(await kernel.control({ request: SET_CONFIGURATION, value: 1 })).toMatchObject({ status: 0 });
    return kernel;
  }
}

it('lets a host work with the unit, tells each thing that the host does, and ends when it is asked to', async () => {
  const device = new Device('--sn', 'AB12');
  const host = await device.host();
  await device.says(/unit 0{28}AB12/);
  await device.says(/a host has attached it as 1-1/);
  await host.write(CCID_OUT, POWER_ON);
  expect((await host.read(CCID_IN, LONGEST).reply).data.slice(10)).toEqual(
    fromHex('3B 85 81 71 FE 45 01 80 73 80 01 C0 7D'),
  );
  await host.write(CCID_OUT, SELECT);
  expect((await host.read(CCID_IN, LONGEST).reply).data.slice(-2)).toEqual(fromHex('9000'));
  await device.says(/usb: SELECT \(12 octets\)/);
  await device.says(/usb: +9000/);
  device.child.kill('SIGTERM');
  await host.closed;
  expect(await device.ended).toBe(0);
}, 120_000);

it('pulls its own plug where the fault script says so', async () => {
  const device = new Device('--fault', '{"fault":"unplug","direction":"out","after":12}');
  const host = await device.host();
  await host.write(CCID_OUT, POWER_ON);
  await host.read(CCID_IN, LONGEST).reply;
  void host.write(CCID_OUT, SELECT);
  await host.closed;
  await device.says(/unplugged/);
}, 120_000);

it('says in words what it cannot do, and how it is used', async () => {
  const device = new Device('--reader', 'chip');
  await device.says(/--reader is apdu or tpdu, not chip/);
  await device.says(/usbip attach/);
  expect(await device.ended).toBe(2);
}, 120_000);
