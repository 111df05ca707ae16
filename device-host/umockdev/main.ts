// The device process. Simulates units in a testbed of umockdev and takes calls from DeviceProcess
// as lines of JSON. It is a separate process because a browser blocks in each system call until the
// response. Ends when its standard input ends.
import { createInterface } from 'node:readline';
import { Control } from '#device-sim/setup/control.ts';
import { realClock } from '#device-sim/unit/clock.ts';
import { UnitRegistry } from '#device-sim/unit/unit-registry.ts';
import { HostBus } from './host-bus.ts';
import { type Call, type ProcessMessage, READS_FILE } from './messages.ts';
import { Testbed } from './testbed/testbed.ts';

const send = (message: ProcessMessage): boolean => process.stdout.write(`${JSON.stringify(message)}\n`);
const onFailure = (error: unknown): void => {
  send({ failure: error instanceof Error ? (error.stack ?? error.message) : String(error) });
};

const testbed = new Testbed(onFailure);
process.on('exit', () => testbed.close());
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => process.exit(0));

const registry = new UnitRegistry();
const control = new Control({
  registry,
  clock: realClock,
  random: (length) => crypto.getRandomValues(new Uint8Array(length)),
  choose: async () => undefined,
  images: {},
  onWrite: () => undefined,
});
const bus = new HostBus({ testbed, registry, readsFile: process.argv.includes(READS_FILE), onFailure });
send({ directory: testbed.directory });

for await (const text of createInterface({ input: process.stdin })) {
  const call = JSON.parse(text) as Call;
  try {
    const method = control[call.method] as (...of: readonly unknown[]) => unknown;
    const result = method.apply(control, [...call.arguments]);
    await bus.whenAttached();
    // Waits, because a browser could otherwise mistake the next unit for the removed one.
    if (call.method === 'remove') await bus.whenDetached();
    send({ id: call.id, result: result ?? null });
  } catch (error) {
    send({ id: call.id, error: error instanceof Error ? error.message : String(error) });
  }
}
process.exit(0);
