// What a simulated unit is apart from its plugs: the EI or the AS token card. Made by its maker over a memory, started anew at each
// power-up. Knows neither links nor commands.
import type { Bytes } from '#protocol/bytes/bytes.ts';
import type { EiConfiguration } from '../ei/configuration.ts';
import type { Application } from './card.ts';
import type { Clock } from './clock.ts';
import type { Memory } from './memory.ts';

/** What a program finds when it starts. */
export interface Surroundings {
  readonly memory: Memory;
  readonly clock: Clock;
  /** The unit's random generator. */
  readonly random: (length: number) => Bytes;
  /** Called when the unit is asked to blink. */
  readonly onIdentify: () => void;
}

/** What runs from power-up until power is lost. */
export interface Program {
  /** The application as the link of that name sees it. */
  session(link: string): Application;
  /** What was running ends here and touches the memory no more; the unit comes back as another Program over the same memory. */
  losePower(): void;
}

interface AnyFirmware {
  /** Of the device itself, 16 bytes, left-padded with 00. */
  readonly sn: Bytes;
  /** Puts into a new memory what it leaves its maker or issuer with. */
  personalise(memory: Memory): void;
  /** Power-up. @throws PowerCut when power fails again at once */
  start(surroundings: Surroundings): Program;
}

export interface EiFirmware extends AnyFirmware {
  readonly kind: 'ei';
  readonly configuration: EiConfiguration;
}

export interface AsFirmware extends AnyFirmware {
  readonly kind: 'as';
}

export type Firmware = EiFirmware | AsFirmware;
