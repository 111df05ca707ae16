// The bench of simulated units beside the demo: which are plugged in, what shall go wrong next, and the chooser that a browser would
// show. Is handed the simulator's control by demo.ts; the app itself knows nothing of it.
import type { LinkKind } from '../../transport/link.ts';

export interface BenchUnit {
  readonly sn: string;
  readonly name: string;
  readonly links: readonly LinkKind[];
  readonly plugged: boolean;
}

/** One line of a chooser. */
export interface Candidate {
  readonly sn: string;
  readonly kind: LinkKind;
  readonly label: string;
}

/** What the bench asks of the simulator; device-sim/setup/control.ts does it. */
export interface BenchControl<Fault> {
  units(): readonly BenchUnit[];
  plug(sn: string): void;
  unplug(sn: string): void;
  fault(sn: string, fault: Fault): void;
  clearFaults(sn: string): void;
}

export interface Mishap<Fault> {
  readonly name: string;
  readonly fault: Fault;
}

interface Question {
  readonly candidates: readonly Candidate[];
  readonly answer: (chosen: Candidate | undefined) => void;
}

export class Bench<Fault = unknown> {
  /** Those that are handled one by one. */
  units = $state.raw<readonly BenchUnit[]>([]);
  /** Those that hang on the hub. */
  hub = $state.raw<readonly BenchUnit[]>([]);
  /** By SN, the name of the mishap that is armed. */
  armed = $state.raw<Readonly<Record<string, string>>>({});
  question = $state.raw<Question | undefined>();

  readonly mishaps: readonly Mishap<Fault>[];
  readonly #onHub: ReadonlySet<string>;
  #control: BenchControl<Fault> | undefined;

  /** `onHub`: by SN. */
  constructor(mishaps: readonly Mishap<Fault>[], onHub: readonly string[] = []) {
    this.mishaps = mishaps;
    this.#onHub = new Set(onHub);
  }

  use(control: BenchControl<Fault>): void {
    this.#control = control;
    this.#look();
  }

  /** The chooser of the simulated browser. */
  readonly choose = (candidates: readonly Candidate[]): Promise<Candidate | undefined> => {
    this.question?.answer(undefined);
    return new Promise((resolve) => {
      const answer = (chosen: Candidate | undefined): void => {
        this.question = undefined;
        resolve(chosen);
      };
      this.question = { candidates, answer };
    });
  };

  toggle({ sn, plugged }: BenchUnit): void {
    if (plugged) this.#control?.unplug(sn);
    else this.#control?.plug(sn);
    this.#look();
  }

  /** All that hang on the hub at once. */
  plugHub(plugged: boolean): void {
    for (const { sn } of this.hub) {
      if (plugged) this.#control?.plug(sn);
      else this.#control?.unplug(sn);
    }
    this.#look();
  }

  /** Arms one mishap in place of the one before; without a name, none. */
  arm(sn: string, name: string): void {
    this.#control?.clearFaults(sn);
    const mishap = this.mishaps.find((candidate) => candidate.name === name);
    if (mishap) this.#control?.fault(sn, mishap.fault);
    this.armed = { ...this.armed, [sn]: mishap ? name : '' };
  }

  /** A mishap may have pulled a plug by itself. */
  refresh(): void {
    const before = this.units;
    this.#look();
    for (const unit of this.units) {
      const was = before.find(({ sn }) => sn === unit.sn);
      if (was?.plugged && !unit.plugged) this.arm(unit.sn, '');
    }
  }

  #look(): void {
    const all = this.#control?.units() ?? [];
    this.units = all.filter(({ sn }) => !this.#onHub.has(sn));
    this.hub = all.filter(({ sn }) => this.#onHub.has(sn));
  }
}
