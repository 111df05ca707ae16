// How `npm run device` is told what to simulate: flags to a unit's description. Knows no unit and no socket.

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
  /** Where a browser may send whoever plugs it in. */
  readonly landingPage: string | undefined;
}

const [FIRST_DEMO_SET] = DEMO_SETS;

export const DEVICE_USAGE = `keyferry-device: a simulated EI as a USB device, over USB/IP on this machine

  --sn HEX           its serial number, default E100000000000001
  --set HEX          its set, default ${hexNumber(FIRST_DEMO_SET?.set ?? 0)} (demo sets: ${DEMO_SETS.map(({ set }) => hexNumber(set)).join(', ')})
  --t HEX            its transport key, for a set that is no demo set
  --profile NAME     shared or diversified; that of the demo set by default
  --blank            it holds no transport key yet
  --usb-only         no serial port beside the WebUSB interface
  --packet N         bulk packets of 64 octets (full speed, the default) or 512 (high speed)
  --extended         it understands extended length
  --reader LEVEL     a PC/SC reader of class 0B instead: apdu or tpdu
  --fault JSON       one fault, or a list; may be given several times
  --faults FILE      a list of faults in a JSON file
  --landing-page URL what the browser offers to open when it is plugged in
  --port N           where USB/IP listens on 127.0.0.1, default 3240
  --help

Attach it on Linux:  sudo modprobe vhci-hcd && sudo usbip attach -r 127.0.0.1 -b 1-1
While it runs:       u unplugs it, p plugs it in, c clears its faults, q ends`;

/** The flags cannot be understood; the message is for a person. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** @throws UsageError */
export function readCommandLine(args: readonly string[]): DeviceConfig | 'help' {
  const flags = parseFlags(args);
  if (flags.help) return 'help';
  const { set, profile, reader } = flags;
  if (profile !== undefined && profile !== 'shared' && profile !== 'diversified') {
    throw new UsageError(`--profile is shared or diversified, not ${profile}`);
  }
  if (reader !== undefined && reader !== 'apdu' && reader !== 'tpdu') {
    throw new UsageError(`--reader is apdu or tpdu, not ${reader}`);
  }
  const packetSize = wholeNumber('--packet', flags.packet ?? '64', 512);
  if (packetSize !== 64 && packetSize !== 512) throw new UsageError('--packet is 64 or 512');
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

function faultsOf(where: string, text: string): readonly Fault[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new UsageError(`${where} is no JSON`);
  }
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  const isFault = (item: unknown): item is Fault =>
    typeof item === 'object' && item !== null && 'fault' in item && typeof item.fault === 'string';
  if (!list.every(isFault)) throw new UsageError(`${where}: each fault is an object like {"fault": "silence"}`);
  return list;
}

function readHexNumber(flag: string, text: string): number {
  if (!/^[0-9A-Fa-f]{1,8}$/.test(text)) throw new UsageError(`${flag} has up to 8 hex digits, not ${text}`);
  return Number.parseInt(text, 16);
}

function wholeNumber(flag: string, text: string, most: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value <= most) return value;
  throw new UsageError(`${flag} is a whole number up to ${most}, not ${text}`);
}
