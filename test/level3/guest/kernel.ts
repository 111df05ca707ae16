// What the guest's kernel shows of the units that are plugged in.
import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

const USB_DEVICES = '/sys/bus/usb/devices';
const LIMIT_MS = 120_000;

/** @throws Error with those words when it is not so in time */
export async function until(isSo: () => Promise<boolean>, otherwise: string): Promise<void> {
  for (const end = Date.now() + LIMIT_MS; !(await isSo()); ) {
    if (Date.now() > end) throw new Error(otherwise);
    await sleep(50);
  }
}

/** Of the only unit with one. Its number rises while a browser holds the port of an earlier one. */
export async function hasSerialPort(): Promise<boolean> {
  return (await readdir('/dev')).some((name) => name.startsWith('ttyACM'));
}

/** While the kernel enumerates, a look at the serial number waits for the unit, which may be in this process: never block. */
export async function listsUnit(sn: string): Promise<boolean> {
  const names = await readdir(USB_DEVICES);
  const numbers = names.map((name) => readFile(`${USB_DEVICES}/${name}/serial`, 'utf8').catch(() => ''));
  return (await Promise.all(numbers)).some((number) => number.trim() === sn);
}
