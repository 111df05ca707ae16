// The firmware of an EI. unit/unit.ts personalises and starts it.
import type { EiFirmware } from '../unit/firmware.ts';
import { type EiConfiguration, personalise } from './configuration.ts';
import { Ei, type Latency } from './ei.ts';

/** The transport key that the maker stores. */
export interface InitialKey {
  readonly set: number;
  readonly tkv: number;
  /** 32 bytes. */
  readonly transportKey: Uint8Array;
}

/** @param initialKey undefined for a blank unit */
export function eiFirmware(
  configuration: EiConfiguration,
  initialKey: InitialKey | undefined,
  latency: Latency,
): EiFirmware {
  return {
    kind: 'ei',
    sn: configuration.sn,
    slots: configuration.slots,
    personalise: (memory) => {
      if (initialKey !== undefined) personalise(memory, configuration, initialKey);
    },
    start: (options) => new Ei(configuration, { ...options, latency }),
  };
}
