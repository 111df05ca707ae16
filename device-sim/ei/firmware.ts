// The EI as a unit's firmware.

import type { EiFirmware } from '../unit/firmware.ts';
import { type EiConfiguration, personalise } from './configuration.ts';
import { Ei, type Latency } from './ei.ts';

/** T as it is when the unit leaves its maker. */
export interface InitialKey {
  readonly set: number;
  readonly tkv: number;
  /** 32 bytes. */
  readonly transportKey: Uint8Array;
}

/** Without an initial key the unit is blank. */
export function eiFirmware(
  configuration: EiConfiguration,
  initialKey: InitialKey | undefined,
  latency: Latency,
): EiFirmware {
  return {
    kind: 'ei',
    sn: configuration.sn,
    configuration,
    personalise: (memory) => {
      if (initialKey !== undefined) personalise(memory, configuration, initialKey);
    },
    start: (surroundings) => new Ei(configuration, { ...surroundings, latency }),
  };
}
