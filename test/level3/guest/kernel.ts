// Reads which units the guest's kernel lists.
import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

const USB_DEVICES = '/sys/bus/usb/devices';
const LIMIT_MS = 120_000;

/** Waits until a condition is true. @throws Error with `message` when the time limit is reached */
export async function until(condition: () => Promise<boolean>, message: string): Promise<void> {
  for (const end = Date.now() + LIMIT_MS; !(await condition()); ) {
    if (Date.now() > end) throw new Error(message);
    await sleep(50);
  }
}

/**
 * Returns whether a serial port ttyACMn exists, for any n. The kernel uses another n while a
 * browser has an earlier port open.
 */
export async function hasSerialPort(): Promise<boolean> {
  return (await readdir('/dev')).some((name) => name.startsWith('ttyACM'));
}

/**
 * Returns whether the kernel lists a USB device with this serial number. Reads asynchronously:
 * during enumeration the read waits for the unit, and the unit may run in this process.
 */
export async function listsUnit(sn: string): Promise<boolean> {
  const names = await readdir(USB_DEVICES);
  const numbers = names.map((name) => readFile(`${USB_DEVICES}/${name}/serial`, 'utf8').catch(() => ''));
  return (await Promise.all(numbers)).some((number) => number.trim() === sn);
}
