// Interface of the firmware of a simulated unit, which is an EI or an AS token card. ei/firmware.ts
// and as-token/firmware.ts implement it. unit.ts personalises and starts it.
import type { Bytes } from '#protocol/bytes/bytes.ts';
import type { Application } from './card.ts';
import type { Clock } from './clock.ts';
import type { Memory } from './memory.ts';

export interface ProgramOptions {
  readonly memory: Memory;
  readonly clock: Clock;
  /** Random generator of the unit. */
  readonly random: (length: number) => Bytes;
  /** Called when a host sends IDENTIFY. */
  readonly onIdentify: () => void;
}

/** The running firmware, from power-up until power is lost. */
export interface Program {
  /** Creates the application of one link, with its own selection and challenge or PIN state. */
  application(link: string): Application;
  /** Stops the pending commands before their next write. A later start creates a new Program. */
  losePower(): void;
}

interface FirmwareBase {
  /** SN of the device, 16 bytes, left-padded with 00. */
  readonly sn: Bytes;
  /** Writes the initial content of a new memory, as the maker or issuer does. */
  personalise(memory: Memory): void;
  /** Powers up the unit. @throws PowerCut when power is cut again during start-up */
  start(options: ProgramOptions): Program;
}

export interface EiFirmware extends FirmwareBase {
  readonly kind: 'ei';
  /** REF2 of the slots, without the transport-key slot. */
  readonly slots: readonly number[];
}

export interface AsFirmware extends FirmwareBase {
  readonly kind: 'as';
}

export type Firmware = EiFirmware | AsFirmware;
