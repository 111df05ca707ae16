// Parses the command line of `npm run device` into a unit description and the options of the
// server.
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { UnitDescription } from '#device-sim/setup/description.ts';
import type { Fault } from '#device-sim/unit/faults.ts';
import { hexNumber } from '#protocol/bytes/hex.ts';
import { DEMO_SETS } from '#protocol/demo/demo-sets.ts';
import type { ReaderLevel } from './gadget/smart-card-class.ts';

export interface DeviceConfig {
  readonly port: number;
  readonly description: UnitDescription;
  readonly readerLevel: ReaderLevel | undefined;
  /** URL of a page that the browser offers to open when the unit is plugged in. */
  readonly landingPage: string | undefined;
}

const [FIRST_DEMO_SET] = DEMO_SETS;

export const DEVICE_USAGE = `keyferry-device: a simulated EI as a USB device, over USB/IP on this machine

  --sn HEX           serial number of the unit, default E100000000000001
  --set HEX          set of the unit, default ${hexNumber(FIRST_DEMO_SET?.set ?? 0)} (demo sets: ${DEMO_SETS.map(({ set }) => hexNumber(set)).join(', ')})
  --t HEX            transport key, required for a set that is not a demo set
  --profile NAME     shared or diversified, default: that of the demo set
  --blank            no transport key is stored
  --usb-only         no serial port beside the WebUSB interface
  --packet N         bulk packets of 64 bytes (full speed, default) or 512 (high speed)
  --extended         support extended length
  --reader LEVEL     be a PC/SC reader of class 0B: apdu or tpdu
  --fault JSON       a fault or a list of faults; can be repeated
  --faults FILE      a JSON file with a list of faults
  --landing-page URL page that the browser offers to open when the unit is plugged in
  --port N           port of USB/IP on 127.0.0.1, default 3240
  --help

Attach the unit on Linux:  sudo modprobe vhci-hcd && sudo usbip attach -r 127.0.0.1 -b 1-1
Keys:                      u unplug, p plug in, c clear faults, q quit`;

/** Thrown for invalid flags. The terminal shows the message to the user. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** @throws UsageError */
export function readCommandLine(args: readonly string[]): DeviceConfig | 'help' {
  const flags = parseFlags(args);
  if (flags.help) return 'help';
  const { set, profile, reader } = flags;
  if (profile !== undefined && profile !== 'shared' && profile !== 'diversified') {
    throw new UsageError(`--profile must be shared or diversified, not ${profile}`);
  }
  if (reader !== undefined && reader !== 'apdu' && reader !== 'tpdu') {
    throw new UsageError(`--reader must be apdu or tpdu, not ${reader}`);
  }
  const packetSize = wholeNumber('--packet', flags.packet ?? '64', 512);
  if (packetSize !== 64 && packetSize !== 512) throw new UsageError('--packet must be 64 or 512');
  return {
    port: wholeNumber('--port', flags.port ?? '3240', 65_535),
    readerLevel: reader,
    landingPage: flags['landing-page'],
    description: {
      sn: flags.sn ?? 'E100000000000001',
      set: set === undefined ? (FIRST_DEMO_SET?.set ?? 0) : readHexNumber('--set', set),
      ...(profile === undefined ? {} : { profile }),
      ...(flags.t === undefined ? {} : { transportKey: flags.t }),
      blank: flags.blank ?? false,
      link: flags['usb-only'] || reader !== undefined ? 'usb' : 'both',
      packetSize,
      extendedLength: flags.extended ?? false,
      protectedClass: reader !== undefined,
      faults: [...(flags.fault ?? []).flatMap((text) => faultsOf('--fault', text)), ...faultsOfFile(flags.faults)],
    },
  };
}

function parseFlags(args: readonly string[]) {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  try {
    return parseArgs({
      args: [...args],
      options: {
        ...{ sn: text, set: text, t: text, profile: text, packet: text, reader: text, faults: text, port: text },
        ...{ blank: flag, 'usb-only': flag, extended: flag, help: flag, 'landing-page': text },
        fault: { type: 'string', multiple: true },
      },
    }).values;
  } catch (cause) {
    throw new UsageError(cause instanceof Error ? cause.message : String(cause));
  }
}

function faultsOfFile(file: string | undefined): readonly Fault[] {
  if (file === undefined) return [];
  try {
    return faultsOf(file, readFileSync(file, 'utf8'));
  } catch (cause) {
    if (cause instanceof UsageError) throw cause;
    throw new UsageError(`${file} cannot be read: ${cause instanceof Error ? cause.message : cause}`);
  }
}

function faultsOf(source: string, text: string): readonly Fault[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new UsageError(`${source} is not valid JSON`);
  }
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  const isFault = (item: unknown): item is Fault =>
    typeof item === 'object' && item !== null && 'fault' in item && typeof item.fault === 'string';
  if (!list.every(isFault)) throw new UsageError(`${source}: each fault must be an object like {"fault": "silence"}`);
  return list;
}

function readHexNumber(flag: string, text: string): number {
  if (!/^[0-9A-Fa-f]{1,8}$/.test(text)) throw new UsageError(`${flag} must have 1 to 8 hex digits, not ${text}`);
  return Number.parseInt(text, 16);
}

function wholeNumber(flag: string, text: string, max: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value <= max) return value;
  throw new UsageError(`${flag} must be an integer from 0 to ${max}, not ${text}`);
}
