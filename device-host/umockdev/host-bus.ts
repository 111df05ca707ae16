// The simulated machine that units are plugged into: follows what happens to them, and shows it as a kernel does. A unit with a serial
// link alone stands behind an adapter. Knows neither sysfs nor system calls.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Fleet } from '#device-sim/browser/fleet.ts';
import type { Unit, UnitEvent } from '#device-sim/unit/unit.ts';
import { Gadget } from '../gadget/gadget.ts';
import { SerialFunction } from '../gadget/serial-function.ts';
import { attachTty } from './attached-tty.ts';
import { attachUsb } from './attached-usb.ts';
import type { Attachment, Slot } from './attachment.ts';
import type { Testbed } from './testbed.ts';
import { UsbAddresses } from './usb-addresses.ts';

/** From the pulled plug to the kernel's notice, in ms: until then transfers fail, and nobody is told why. */
const NOTICE_DELAY = 60;
/** Files end in the kernel itself, and the news takes the way over udevd, in ms: a program that is not kept from it hears in that order. */
const NEWS_DELAY = 20;
/** How long the news waits for a program that is slow to hear that its files have ended, or does not listen, in ms. */
const PATIENCE = 1000;

export interface HostBusOptions {
  readonly testbed: Testbed;
  readonly fleet: Fleet;
  /** Takes a bug of the simulated kernel. */
  readonly onFailure: (error: unknown) => void;
}

interface Attached {
  readonly address: number;
  readonly attachments: readonly Attachment[];
  /** Runs while the plug is out and the program has not been told. */
  timer: NodeJS.Timeout | undefined;
}

export class HostBus {
  readonly #options: HostBusOptions;
  readonly #attached = new Map<Unit, Attached>();
  /** Plugging in takes a moment; whatever happens to units does so in its order. */
  #turn: Promise<void> = Promise.resolve();
  readonly #addresses = new UsbAddresses();

  constructor(options: HostBusOptions) {
    this.#options = options;
    options.fleet.forEach((unit) => {
      unit.onEvent((event) => this.#follow(unit, event));
      if (unit.isPlugged) this.#follow(unit, 'plugged');
    });
  }

  /** Waits until the program can see what was plugged in, and applies the faults that concern opening. */
  async settle(): Promise<void> {
    await this.#turn;
    for (const { attachments } of this.#attached.values()) for (const attachment of attachments) attachment.refresh();
  }

  /** Waits until everything that was pulled out has gone for the program too. */
  async clear(): Promise<void> {
    while ([...this.#attached.keys()].some((unit) => !unit.isPlugged)) await sleep(NEWS_DELAY);
  }

  #follow(unit: Unit, event: UnitEvent): void {
    if (event === 'plugged') this.#turn = this.#turn.then(() => this.#attach(unit)).catch(this.#options.onFailure);
    if (event === 'unplugged') this.#unplug(unit);
  }

  #unplug(unit: Unit): void {
    const attached = this.#attached.get(unit);
    if (attached === undefined) return;
    const { attachments } = attached;
    for (const attachment of attachments) attachment.unplug();
    this.#onceHeard(attached, NOTICE_DELAY, () => {
      for (const attachment of attachments) attachment.hangUp();
      this.#onceHeard(attached, NEWS_DELAY, () => this.#forget(unit));
    });
  }

  /** After a while, and not before the program has heard of what failed until now. */
  #onceHeard(attached: Attached, delay: number, action: () => void): void {
    const latest = performance.now() + PATIENCE;
    const look = (): void => {
      const isBehind = attached.attachments.some((attachment) => attachment.isBehind);
      if (isBehind && performance.now() < latest) attached.timer = setTimeout(look, delay);
      else action();
    };
    attached.timer = setTimeout(look, delay);
  }

  async #attach(unit: Unit): Promise<void> {
    this.#detach(unit);
    // It was pulled out again before its turn came.
    if (!unit.isPlugged) return;
    const { testbed, onFailure } = this.#options;
    const address = this.#addresses.take();
    const slot: Slot = { testbed, address, syspath: `/devices/pci0000:00/usb1/1-${address}`, onFailure };
    const { links } = unit.options;
    const gadget = links.includes('usb') ? new Gadget(unit) : undefined;
    const line = gadget?.serial ?? (links.includes('serial') ? new SerialFunction(unit) : undefined);
    const attachments: Attachment[] = [];
    if (gadget !== undefined) attachments.push(await attachUsb(unit, gadget, slot));
    if (line !== undefined) attachments.push(await attachTty(unit, line, slot));
    this.#attached.set(unit, { address, attachments, timer: undefined });
    if (!unit.isPlugged) this.#unplug(unit);
  }

  /** At once, where it is still attached. */
  #detach(unit: Unit): void {
    const attached = this.#attached.get(unit);
    if (attached === undefined) return;
    clearTimeout(attached.timer);
    for (const attachment of attached.attachments) attachment.hangUp();
    this.#forget(unit);
  }

  #forget(unit: Unit): void {
    const attached = this.#attached.get(unit);
    if (attached === undefined) return;
    this.#attached.delete(unit);
    for (const attachment of [...attached.attachments].reverse()) attachment.vanish();
    this.#addresses.giveBack(attached.address);
  }
}
