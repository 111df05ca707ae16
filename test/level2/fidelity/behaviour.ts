// A behaviour of a browser's USB or serial interface. It has a probe that runs in a page and
// records the observations of the page. docs/reliability.md lists the behaviours.
import type { UnitDescription } from '#device-sim/setup/description.ts';

export interface Behaviour {
  readonly name: string;
  readonly unit: Partial<UnitDescription>;
  /** Runs in the page. Writes its observations to `window.probe.log`. */
  readonly run: () => Promise<void>;
}
