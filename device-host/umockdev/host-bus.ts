// The simulated machine that units are plugged into. Attaches and detaches their links as a kernel
// does. A unit that has only a serial link appears behind a USB adapter.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Unit, UnitEvent } from '#device-sim/unit/unit.ts';
import type { UnitRegistry } from '#device-sim/unit/unit-registry.ts';
import { Gadget } from '../gadget/gadget.ts';
import { SerialFunction } from '../gadget/serial-function.ts';
import type { Attachment, AttachmentOptions } from './testbed/attachment.ts';
import type { Testbed } from './testbed/testbed.ts';
import { attachTty } from './tty/attached-tty.ts';
import { attachUsb } from './usb/attached-usb.ts';
import { UsbAddresses } from './usb/usb-addresses.ts';

/** Time until the kernel detects an unplug, in ms. During this time transfers fail. */
const DETECTION_DELAY = 60;
/**
 * Time in ms between ending the open files and sending the remove event. On a real machine, udevd
 * causes this delay.
 */
const EVENT_DELAY = 20;
/** Maximum time to wait until a program has read the errors that an unplug causes, in ms. */
const MAX_READ_DELAY = 1000;

export interface HostBusOptions {
  readonly testbed: Testbed;
  readonly registry: UnitRegistry;
  /** See AttachmentOptions. */
  readonly readsFile: boolean;
  /** Called with an error that the simulated kernel throws. Every such error is a bug. */
  readonly onFailure: (error: unknown) => void;
}

interface AttachedUnit {
  readonly address: number;
  readonly attachments: readonly Attachment[];
  /** Timer of the next step of a detachment. */
  timer: NodeJS.Timeout | undefined;
}

export class HostBus {
  readonly #options: HostBusOptions;
  readonly #attached = new Map<Unit, AttachedUnit>();
  /** Resolves when all queued attachments have ended. */
  #attaching: Promise<void> = Promise.resolve();
  readonly #addresses = new UsbAddresses();

  constructor(options: HostBusOptions) {
    this.#options = options;
    options.registry.forEach((unit) => {
      unit.onEvent((event) => this.#handle(unit, event));
      if (unit.isPlugged) this.#handle(unit, 'plugged');
    });
  }

  /**
   * Resolves when programs can see the plugged-in units. Applies the armed faults that prevent a
   * program from opening a unit.
   */
  async whenAttached(): Promise<void> {
    await this.#attaching;
    for (const { attachments } of this.#attached.values()) for (const attachment of attachments) attachment.refresh();
  }

  /** Resolves when programs can no longer see the unplugged units. */
  async whenDetached(): Promise<void> {
    while ([...this.#attached.keys()].some((unit) => !unit.isPlugged)) await sleep(EVENT_DELAY);
  }

  #handle(unit: Unit, event: UnitEvent): void {
    const { onFailure } = this.#options;
    if (event === 'plugged') this.#attaching = this.#attaching.then(() => this.#attach(unit)).catch(onFailure);
    if (event === 'unplugged') this.#unplug(unit);
  }

  #unplug(unit: Unit): void {
    const attached = this.#attached.get(unit);
    if (attached === undefined) return;
    const { attachments } = attached;
    for (const attachment of attachments) attachment.unplug();
    this.#afterErrorsRead(attached, DETECTION_DELAY, () => {
      for (const attachment of attachments) attachment.hangUp();
      this.#afterErrorsRead(attached, EVENT_DELAY, () => this.#remove(unit));
    });
  }

  /**
   * Runs the action after `delay` ms, but not before the program has read the errors that the
   * unplug caused. Waits at most MAX_READ_DELAY for the program.
   */
  #afterErrorsRead(attached: AttachedUnit, delay: number, action: () => void): void {
    const latest = performance.now() + MAX_READ_DELAY;
    const check = (): void => {
      const isWaiting = attached.attachments.some(({ hasUnreadErrors }) => hasUnreadErrors);
      if (isWaiting && performance.now() < latest) attached.timer = setTimeout(check, delay);
      else action();
    };
    attached.timer = setTimeout(check, delay);
  }

  async #attach(unit: Unit): Promise<void> {
    this.#detach(unit);
    // The unit may have been unplugged while its attachment was queued.
    if (!unit.isPlugged) return;
    const { testbed, readsFile, onFailure } = this.#options;
    const address = this.#addresses.take();
    const syspath = `/devices/pci0000:00/usb1/1-${address}`;
    const options: AttachmentOptions = { testbed, address, syspath, readsFile, onFailure };
    const { links } = unit.options;
    const gadget = links.includes('usb') ? new Gadget(unit) : undefined;
    const line = gadget?.serial ?? (links.includes('serial') ? new SerialFunction(unit) : undefined);
    const attachments: Attachment[] = [];
    if (gadget !== undefined) attachments.push(await attachUsb(unit, gadget, options));
    if (line !== undefined) attachments.push(await attachTty(unit, line, options));
    this.#attached.set(unit, { address, attachments, timer: undefined });
    if (!unit.isPlugged) this.#unplug(unit);
  }

  /** Detaches the unit immediately, if it is attached. */
  #detach(unit: Unit): void {
    const attached = this.#attached.get(unit);
    if (attached === undefined) return;
    clearTimeout(attached.timer);
    for (const attachment of attached.attachments) attachment.hangUp();
    this.#remove(unit);
  }

  #remove(unit: Unit): void {
    const attached = this.#attached.get(unit);
    if (attached === undefined) return;
    this.#attached.delete(unit);
    for (const attachment of [...attached.attachments].reverse()) attachment.remove();
    this.#addresses.release(attached.address);
  }
}
