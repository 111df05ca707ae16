// The bench of simulated units beside the demo: plugs and unplugs them, arms a fault for the next
// load, and answers the device chooser. demo.ts connects it to the simulator.

import { t } from '../../text/t.ts';
import type { LinkKind } from '../../transport/link.ts';
import type { Failure } from '../common/failure.ts';
import type { OpenedFile } from '../common/read-file.ts';
import { Task } from '../common/task.svelte.ts';
import type { Replay } from './read-replay.ts';
import type { ReplayFault } from './replay-script.ts';
import type { ServiceFault } from './service-fault.ts';

export interface BenchUnit {
  readonly sn: string;
  readonly name: string;
  readonly links: readonly LinkKind[];
  readonly plugged: boolean;
}

/** An entry of the device chooser. */
export interface Candidate {
  readonly sn: string;
  readonly kind: LinkKind;
  readonly label: string;
}

/** The part of the simulator that the bench uses (device-sim/setup/control.ts). */
export interface BenchControl<Fault> {
  units(): readonly BenchUnit[];
  plug(sn: string): void;
  unplug(sn: string): void;
  fault(sn: string, fault: Fault): void;
  clearFaults(sn: string): void;
}

export interface NamedFault<Fault> {
  readonly name: string;
  readonly fault: Fault;
}

/** How the bench repeats a load that a support file recorded. */
export interface ReplayOptions<Fault> {
  /** @throws FileError */
  readonly read: (file: OpenedFile) => Promise<Replay>;
  readonly asFault: (faults: readonly ReplayFault[]) => Fault;
}

/** A replay, and the unit for which the page armed it. */
export interface OpenedReplay extends Replay {
  readonly unit: BenchUnit;
}

/** Name of the fault that a support file describes. */
const REPLAY = t`as in the support file`;

/** An open device chooser. */
interface ChooserRequest {
  readonly candidates: readonly Candidate[];
  /** Closes the chooser with a choice; undefined means that the operator cancelled. */
  readonly answer: (choice: Candidate | undefined) => void;
}

export class DemoBench<Fault = unknown> {
  #units = $state.raw<readonly BenchUnit[]>([]);
  #hub = $state.raw<readonly BenchUnit[]>([]);
  #armed = $state.raw<Readonly<Record<string, string>>>({});
  #chooser = $state.raw<ChooserRequest | undefined>();
  #isServiceDown = $state(false);
  #isChooserDenied = $state(false);

  #replay = $state.raw<OpenedReplay | undefined>();
  readonly #task = new Task();
  readonly #faults: readonly NamedFault<Fault>[];
  readonly #replayOptions: ReplayOptions<Fault> | undefined;
  readonly #hubSns: ReadonlySet<string>;
  #control: BenchControl<Fault> | undefined;

  /** `hubSns`: serial numbers of the units that are attached to the hub. */
  constructor(
    faults: readonly NamedFault<Fault>[],
    hubSns: readonly string[] = [],
    replayOptions?: ReplayOptions<Fault>,
  ) {
    this.#faults = faults;
    this.#replayOptions = replayOptions;
    this.#hubSns = new Set(hubSns);
  }

  /** The faults that the operator can arm. The last is that of the opened support file. */
  get faults(): readonly NamedFault<Fault>[] {
    const { asFault } = this.#replayOptions ?? {};
    if (!this.#replay || !asFault) return this.#faults;
    return [...this.#faults, { name: REPLAY, fault: asFault(this.#replay.faults) }];
  }

  /** The failed load that the opened support file recorded; undefined if none is open. */
  get replay(): OpenedReplay | undefined {
    return this.#replay;
  }

  /** Why the last support file was refused. */
  get replayFailure(): Failure | undefined {
    return this.#task.failure;
  }

  /** How the AS answers while a replay is armed; undefined if it answers as usual. */
  get serviceFault(): ServiceFault | undefined {
    return Object.values(this.#armed).includes(REPLAY) ? this.#replay?.service : undefined;
  }

  /** Units that are plugged one at a time. */
  get units(): readonly BenchUnit[] {
    return this.#units;
  }

  /** Units on the hub, which are plugged together. */
  get hub(): readonly BenchUnit[] {
    return this.#hub;
  }

  /** Name of the armed fault of each unit, by serial number. Empty if no fault is armed. */
  get armed(): Readonly<Record<string, string>> {
    return this.#armed;
  }

  /** True while every request of the page to the AS fails. */
  get isServiceDown(): boolean {
    return this.#isServiceDown;
  }

  /** True while the browser refuses to show its device chooser, as under an enterprise policy. */
  get isChooserDenied(): boolean {
    return this.#isChooserDenied;
  }

  toggleService(): void {
    this.#isServiceDown = !this.#isServiceDown;
  }

  toggleChooser(): void {
    this.#isChooserDenied = !this.#isChooserDenied;
  }

  get chooser(): ChooserRequest | undefined {
    return this.#chooser;
  }

  use(control: BenchControl<Fault>): void {
    this.#control = control;
    this.#readUnits();
  }

  /** Opens the device chooser of the simulated browser, and cancels one that is open. */
  readonly choose = (candidates: readonly Candidate[]): Promise<Candidate | undefined> => {
    this.#chooser?.answer(undefined);
    if (this.#isChooserDenied) {
      return Promise.reject(new DOMException('Access to the feature is disallowed by policy.', 'SecurityError'));
    }
    return new Promise((resolve) => {
      const answer = (choice: Candidate | undefined): void => {
        this.#chooser = undefined;
        resolve(choice);
      };
      this.#chooser = { candidates, answer };
    });
  };

  toggle({ sn, plugged }: BenchUnit): void {
    this.#setPlugged(sn, !plugged);
    this.#readUnits();
  }

  /** Plugs or unplugs all units on the hub. */
  plugHub(plugged: boolean): void {
    for (const { sn } of this.#hub) this.#setPlugged(sn, plugged);
    this.#readUnits();
  }

  /**
   * Arms the named fault for a unit and disarms the unit's earlier one. An empty name only disarms.
   */
  arm(sn: string, name: string): void {
    this.#control?.clearFaults(sn);
    const found = this.faults.find((candidate) => candidate.name === name);
    if (found) this.#control?.fault(sn, found.fault);
    this.#armed = { ...this.#armed, [sn]: found ? name : '' };
  }

  /**
   * Opens a support file, and arms its failed load for the first unit with the recorded interface.
   * Plugs that unit in.
   */
  async openSupportFile(file: OpenedFile): Promise<void> {
    if (this.#replay) this.arm(this.#replay.unit.sn, '');
    this.#replay = undefined;
    await this.#task.run(async () => {
      const replay = await this.#replayOptions?.read(file);
      const unit = this.#units.find(({ links }) => replay && links.includes(replay.link));
      if (!replay || !unit) return;
      this.#setPlugged(unit.sn, true);
      this.#readUnits();
      this.#replay = { ...replay, unit };
      this.arm(unit.sn, REPLAY);
    });
  }

  /**
   * Reads the units again. Disarms the fault of each unit that was unplugged since the last read.
   */
  refresh(): void {
    const before = this.#units;
    this.#readUnits();
    for (const unit of this.#units) {
      const earlier = before.find(({ sn }) => sn === unit.sn);
      if (earlier?.plugged && !unit.plugged) this.arm(unit.sn, '');
    }
  }

  #setPlugged(sn: string, plugged: boolean): void {
    if (plugged) this.#control?.plug(sn);
    else this.#control?.unplug(sn);
  }

  #readUnits(): void {
    const all = this.#control?.units() ?? [];
    this.#units = all.filter(({ sn }) => !this.#hubSns.has(sn));
    this.#hub = all.filter(({ sn }) => this.#hubSns.has(sn));
  }
}
