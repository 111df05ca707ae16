// The process behind a browser's devices: units in a testbed of umockdev, moved by whoever started it, over lines of JSON. It is a
// process of its own because a browser stands still in each system call until that is answered. Ends with its standard input.
import { createInterface } from 'node:readline';
import { Fleet } from '#device-sim/browser/fleet.ts';
import { Control } from '#device-sim/setup/control.ts';
import { realClock } from '#device-sim/unit/clock.ts';
import { HostBus } from './host-bus.ts';
import type { Call, Line } from './messages.ts';
import { Testbed } from './testbed.ts';

const say = (line: Line): boolean => process.stdout.write(`${JSON.stringify(line)}\n`);
const onFailure = (error: unknown): void => {
  say({ failure: error instanceof Error ? (error.stack ?? error.message) : String(error) });
};

const testbed = new Testbed(onFailure);
process.on('exit', () => testbed.close());
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => process.exit(0));

const fleet = new Fleet();
const control = new Control({
  fleet,
  clock: realClock,
  random: (length) => crypto.getRandomValues(new Uint8Array(length)),
  choose: async () => undefined,
  images: {},
  onWrite: () => undefined,
});
const bus = new HostBus({ testbed, fleet, onFailure });
say({ directory: testbed.directory });

for await (const text of createInterface({ input: process.stdin })) {
  const call = JSON.parse(text) as Call;
  try {
    const method = control[call.method] as (...of: readonly unknown[]) => unknown;
    const result = method.apply(control, [...call.arguments]);
    await bus.settle();
    // The next unit shall not be taken for the one that is leaving.
    if (call.method === 'remove') await bus.clear();
    say({ id: call.id, result: result ?? null });
  } catch (error) {
    say({ id: call.id, error: error instanceof Error ? error.message : String(error) });
  }
}
process.exit(0);
