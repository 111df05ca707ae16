// The part of a JSON description that an EI and a token share: the links of the simulated device,
// with defaults.
import type { Bytes } from '#protocol/bytes/bytes.ts';
import type { Clock } from '../unit/clock.ts';
import type { Fault, LinkKind } from '../unit/faults.ts';
import type { Firmware } from '../unit/firmware.ts';
import type { MemoryImage } from '../unit/memory.ts';
import { CLASS_SMART_CARD, CLASS_VENDOR, type UnitOptions } from '../unit/unit.ts';

export interface PlugDescription {
  readonly link?: LinkKind | 'both';
  readonly name?: string;
  /** Whether the unit is plugged in at the start. True by default. */
  readonly plugged?: boolean;
  /**
   * Whether the page may use the unit without a chooser, which a managed policy can permit. False
   * by default.
   */
  readonly permitted?: boolean;
  readonly faults?: readonly Fault[];
  /** Whether the USB device has an iSerialNumber. True by default. */
  readonly usbSerialNumber?: boolean;
  /**
   * Whether the USB interface has the class of a PC/SC reader (0B), which browsers protect. False
   * by default.
   */
  readonly protectedClass?: boolean;
  /**
   * Whether the unit is behind a USB-to-serial adapter, so that its port has the adapter's ids.
   * False by default.
   */
  readonly adapter?: boolean;
  /** USB product id. By default the `productId` of Product. */
  readonly productId?: number;
  readonly packetSize?: number;
  /** Whether the operating system has selected the USB configuration. False by default. */
  readonly configured?: boolean;
  readonly edc?: 'crc' | 'lrc';
  readonly baudRate?: number;
  readonly parity?: ParityType;
  /** Whether the unit ignores serial input until DTR and RTS are set. True by default. */
  readonly waitsForSignals?: boolean;
  readonly bootText?: string;
}

/** The options of a unit that are not part of its description. */
export interface UnitEnvironment {
  readonly clock: Clock;
  readonly random: (length: number) => Bytes;
  readonly image?: MemoryImage;
}

export interface Product {
  readonly firmware: Firmware;
  readonly productId: number;
  /** Name of the unit if its description has none. */
  readonly name: string;
}

export function plugOptions(
  { firmware, productId, name }: Product,
  description: PlugDescription,
  { clock, random, image }: UnitEnvironment,
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
      productId: description.productId ?? productId,
      hasAdapter: description.adapter ?? false,
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
