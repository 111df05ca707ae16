// `npm run device` as a process: its USB/IP port, its output while a host uses the device, its
// fault script, and its exit.
import { type ChildProcess, spawn } from 'node:child_process';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { afterEach, expect, it } from 'vitest';
import { fromHex } from '#protocol/bytes/hex.ts';
import { encodeCcidMessage } from '#protocol/framing/ccid-message.ts';
import { FakeKernel } from '#test/unit/device-host/fake-kernel.ts';

const TIMEOUT_MS = 60_000;
const [CCID_IN, CCID_OUT] = [1, 2];
const MAX_LENGTH = 1344;
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
  readonly #lines: string[] = [];
  #onLine: () => void = () => undefined;

  constructor(...args: string[]) {
    this.child = spawn(process.execPath, ['--import', 'tsx', 'device-host/cli.ts', '--port', '0', ...args]);
    children.add(this.child);
    this.ended = new Promise((resolve) => this.child.once('exit', resolve));
    for (const stream of [this.child.stdout, this.child.stderr]) {
      if (stream === null) continue;
      createInterface({ input: stream }).on('line', (line) => {
        this.#lines.push(line);
        this.#onLine();
      });
    }
  }

  /**
   * Resolves with the first printed line that matches `pattern`, even if the line is already
   * printed.
   */
  async prints(pattern: RegExp): Promise<RegExpExecArray> {
    return await new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`never ${pattern}:\n${this.#lines.join('\n')}`)), TIMEOUT_MS);
      this.#onLine = () => {
        const found = this.#lines.map((line) => pattern.exec(line)).find((match) => match !== null);
        if (found == null) return;
        clearTimeout(timer);
        resolve(found);
      };
      this.#onLine();
    });
  }

  /** Connects a host that imports the device over USB/IP. */
  async host(): Promise<FakeKernel> {
    const [, port, busId = ''] = await this.prints(/USB\/IP on 127\.0\.0\.1:(\d+), bus id (\S+)/);
    await this.prints(/plugged in/);
    const kernel = new FakeKernel(connect(Number(port), '127.0.0.1'));
    expect(await kernel.import(busId)).toBe(0);
    expect(await kernel.control({ request: SET_CONFIGURATION, value: 1 })).toMatchObject({ status: 0 });
    return kernel;
  }
}

it('serves a host, prints the commands of the host, and exits on SIGTERM', async () => {
  const device = new Device('--sn', 'AB12');
  const host = await device.host();
  await device.prints(/unit 0{28}AB12/);
  await device.prints(/a host attached the unit as 1-1/);
  await host.write(CCID_OUT, POWER_ON);
  expect((await host.read(CCID_IN, MAX_LENGTH).reply).data.slice(10)).toEqual(
    fromHex('3B 85 81 71 FE 45 01 80 73 80 01 C0 7D'),
  );
  await host.write(CCID_OUT, SELECT);
  expect((await host.read(CCID_IN, MAX_LENGTH).reply).data.slice(-2)).toEqual(fromHex('9000'));
  await device.prints(/usb: SELECT \(12 bytes\)/);
  await device.prints(/usb: +9000/);
  device.child.kill('SIGTERM');
  await host.closed;
  expect(await device.ended).toBe(0);
}, 120_000);

it('unplugs itself at the point that the fault script names', async () => {
  const device = new Device('--fault', '{"fault":"unplug","direction":"out","after":12}');
  const host = await device.host();
  await host.write(CCID_OUT, POWER_ON);
  await host.read(CCID_IN, MAX_LENGTH).reply;
  void host.write(CCID_OUT, SELECT);
  await host.closed;
  await device.prints(/unplugged/);
}, 120_000);

it('refuses a wrong option with a sentence and its usage', async () => {
  const device = new Device('--reader', 'chip');
  await device.prints(/--reader must be apdu or tpdu, not chip/);
  await device.prints(/usbip attach/);
  expect(await device.ended).toBe(2);
}, 120_000);
