// `npm run device` and Debian's own usbip, as docs/stations.md has them: attached over TCP on loopback, and gone when the unit is.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { runCommand } from '../../support/run-command.ts';
import { hasSerialPort, listsUnit, until } from './kernel.ts';
import type { Scenario } from './scenario.ts';

const SN = '0000000000000000000000000000AB12';

const USBIP = '/usr/sbin/usbip';

/** None where Debian's usbip is not there. */
export function attachedScenarios(): Scenario[] {
  const scenario = {
    name: 'usbip attach takes the unit of npm run device over TCP, and the kernel lets it go when that ends',
    run: attachAndEnd,
  };
  return existsSync(USBIP) ? [scenario] : [];
}

async function attachAndEnd(): Promise<void> {
  const device = spawn(process.execPath, [import.meta.env.KEYFERRY_DEVICE, '--sn', SN], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const view: string[] = [];
  for (const stream of [device.stdout, device.stderr]) {
    createInterface({ input: stream }).on('line', (line) => void view.push(line));
  }
  const said = (words: string): boolean => view.some((line) => line.includes(words));
  try {
    await until(async () => said('plugged in'), 'it does not say that it is plugged in');
    const { code, output } = await runCommand(USBIP, ['attach', '-r', '127.0.0.1', '-b', '1-1']);
    if (code !== 0) throw new Error(`usbip ended with ${code}: ${output}`);
    await until(async () => (await hasSerialPort()) && (await listsUnit(SN)), 'the kernel did not take the unit');
    await until(async () => said('the host has configured it'), 'its view does not say that it is configured');
    device.kill('SIGTERM');
    await until(async () => !(await hasSerialPort()) && !(await listsUnit(SN)), 'the kernel kept the unit');
  } catch (error) {
    throw new Error(`${error}\n${view.join('\n')}`);
  } finally {
    device.kill('SIGKILL');
  }
}
