// Tests `npm run device` with Debian's usbip, as docs/stations.md describes. usbip attaches the
// unit over TCP on loopback, and the kernel removes the unit when the program ends.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { runCommand } from '../../support/run-command.ts';
import { hasSerialPort, listsUnit, until } from './kernel.ts';
import type { Scenario } from './scenario.ts';

const SN = '0000000000000000000000000000AB12';

const USBIP = '/usr/sbin/usbip';

/** Returns the scenarios; an empty list if Debian's usbip is not installed. */
export function usbipScenarios(): Scenario[] {
  const scenario = {
    name: 'usbip attaches the unit of npm run device over TCP, and the kernel removes it when the program ends',
    run: attachAndEnd,
  };
  return existsSync(USBIP) ? [scenario] : [];
}

async function attachAndEnd(): Promise<void> {
  const device = spawn(process.execPath, [import.meta.env.KEYFERRY_DEVICE, '--sn', SN], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines: string[] = [];
  for (const stream of [device.stdout, device.stderr]) {
    createInterface({ input: stream }).on('line', (line) => void lines.push(line));
  }
  const hasPrinted = (text: string): boolean => lines.some((line) => line.includes(text));
  try {
    await until(async () => hasPrinted('plugged in'), 'the program did not print that the unit is plugged in');
    const { code, output } = await runCommand(USBIP, ['attach', '-r', '127.0.0.1', '-b', '1-1']);
    if (code !== 0) throw new Error(`usbip failed with ${code}: ${output}`);
    await until(async () => (await hasSerialPort()) && (await listsUnit(SN)), 'the kernel did not enumerate the unit');
    await until(async () => hasPrinted('the host configured the unit'), 'the program did not print the configuration');
    device.kill('SIGTERM');
    await until(async () => !(await hasSerialPort()) && !(await listsUnit(SN)), 'the kernel did not remove the unit');
  } catch (error) {
    throw new Error(`${error}\n${lines.join('\n')}`);
  } finally {
    device.kill('SIGKILL');
  }
}
