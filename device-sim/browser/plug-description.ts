// The plugs and the line of a simulated device as JSON describes them, with what is usual left out: the same for an EI and a token.
import type { Bytes } from '#protocol/bytes/bytes.ts';
import type { Clock } from '../unit/clock.ts';
import type { Fault, LinkKind } from '../unit/faults.ts';
import type { Firmware } from '../unit/firmware.ts';
import type { MemoryImage } from '../unit/memory.ts';
import { CLASS_SMART_CARD, CLASS_VENDOR, type UnitOptions } from '../unit/unit.ts';

export interface PlugDescription {
  readonly link?: LinkKind | 'both';
  readonly name?: string;
  /** It is plugged in from the start: yes. */
  readonly plugged?: boolean;
  /** The page may use it without a chooser, as by a policy of its station: no. */
  readonly permitted?: boolean;
  readonly faults?: readonly Fault[];
  /** iSerialNumber: yes. */
  readonly usbSerialNumber?: boolean;
  /** A PC/SC reader's class, which browsers block. */
  readonly protectedClass?: boolean;
  readonly packetSize?: number;
  /** The operating system has selected the USB configuration already: no. */
  readonly configured?: boolean;
  readonly edc?: 'crc' | 'lrc';
  readonly baudRate?: number;
  readonly parity?: ParityType;
  /** It hears nothing before DTR and RTS: yes. */
  readonly waitsForSignals?: boolean;
  readonly bootText?: string;
}

export interface Outside {
  readonly clock: Clock;
  readonly random: (length: number) => Bytes;
  readonly image?: MemoryImage;
}

/** What the device is besides its plugs. */
export interface Product {
  readonly firmware: Firmware;
  readonly productId: number;
  /** Its name where the description has none. */
  readonly name: string;
}

export function pluggedIn(
  { firmware, productId, name }: Product,
  description: PlugDescription,
  { clock, random, image }: Outside,
): UnitOptions {
  const { link = 'usb' } = description;
  return {
    firmware,
    ...(image === undefined ? {} : { image }),
    links: link === 'both' ? ['usb', 'serial'] : [link],
    name: description.name ?? name,
    clock,
    random,
    usb: {
      productId,
      hasSerialNumber: description.usbSerialNumber ?? true,
      interfaceClass: description.protectedClass === true ? CLASS_SMART_CARD : CLASS_VENDOR,
      packetSize: description.packetSize ?? 64,
      isConfigured: description.configured ?? false,
    },
    serial: {
      edc: description.edc ?? 'crc',
      baudRate: description.baudRate ?? 115_200,
      parity: description.parity ?? 'none',
      waitsForSignals: description.waitsForSignals ?? true,
      bootText: description.bootText ?? '',
    },
  };
}
