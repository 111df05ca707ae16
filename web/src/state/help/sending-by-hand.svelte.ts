// Sends single commands to an attached unit, as an expert enters them in the console. While a
// command runs, the lane of the unit accepts no load. The lane then opens the link again, selects
// the application and reads the identity, so that the command does not affect the next load
// (docs/adr/0061).
import { exchange } from '#protocol/apdu/chaining.ts';
import type { CommandApdu } from '#protocol/apdu/command-apdu.ts';
import { type Exchange, traced } from '../../transport/trace.ts';
import { type Failure, failureOf } from '../common/failure.ts';
import type { Lane } from '../station/lane.svelte.ts';
import type { Station } from '../station/station.svelte.ts';
import type { UnitConnection } from '../station/unit-connection.ts';
import { type HandCommand, readHandCommand } from './hand-command.ts';

export interface SendingByHandOptions {
  readonly station: Pick<Station, 'lanes' | 'loader' | 'open' | 'reread'>;
  /** The clock of the AS, as in the other traces. */
  readonly now: () => Date;
}

/**
 * Why no command can be sent to a unit now.
 * order      a work order is open, so the unit could be loaded without a press
 * elsewhere  another tab uses the unit
 * busy       the unit is being read, loaded or settled
 * unsettled  a load of the unit has no outcome yet
 */
export type Obstacle = 'no-unit' | 'not-chosen' | 'order' | 'unplugged' | 'elsewhere' | 'busy' | 'unread' | 'unsettled';

/** How the last command ended. */
export type SendResult =
  /** `sent` is the exchange of the command, `last` that of the last GET RESPONSE or repetition. */
  | { readonly is: 'answered'; readonly sent: Exchange; readonly last: Exchange }
  | { readonly is: 'failed'; readonly failure: Failure };

export class SendingByHand {
  #isOn = $state(false);
  #isSending = $state(false);
  #text = $state('');
  #chosen = $state.raw<Lane | undefined>();
  #result = $state.raw<SendResult | undefined>();
  readonly #options: SendingByHandOptions;
  readonly command: HandCommand = $derived(readHandCommand(this.#text));

  constructor(options: SendingByHandOptions) {
    this.#options = options;
  }

  get isOn(): boolean {
    return this.#isOn;
  }

  get isSending(): boolean {
    return this.#isSending;
  }

  get text(): string {
    return this.#text;
  }

  get lanes(): readonly Lane[] {
    return this.#options.station.lanes;
  }

  /** The chosen unit. Without a choice, the only unit of the station, if there is exactly one. */
  get lane(): Lane | undefined {
    const [first, second] = this.lanes;
    if (this.#chosen) return this.lanes.includes(this.#chosen) ? this.#chosen : undefined;
    return second === undefined ? first : undefined;
  }

  /** How the last command ended; undefined before the first, and after a change of text or unit. */
  get result(): SendResult | undefined {
    return this.#result;
  }

  get obstacle(): Obstacle | undefined {
    const { lane } = this;
    const { lanes, loader, open } = this.#options.station;
    if (lanes.length === 0) return 'no-unit';
    if (lane === undefined) return 'not-chosen';
    if (loader !== undefined) return 'order';
    if (!lane.attached) return 'unplugged';
    if (lane.isInOtherTab) return 'elsewhere';
    if (lane.busy || lane.phase.is === 'reading') return 'busy';
    if (open.some(({ sn }) => sn === lane.facts?.sn)) return 'unsettled';
    switch (lane.phase.is) {
      case 'ready':
      case 'done':
      case 'failed':
        return lane.isReachable ? undefined : 'unread';
      case 'unknown':
      case 'unverified':
        return 'unsettled';
      default:
        return 'unread';
    }
  }

  /** Turns the switch on or off. The text is removed when it is turned off. */
  setOn(isOn: boolean): void {
    this.#isOn = isOn;
    if (!isOn) this.enter('');
  }

  enter(text: string): void {
    this.#text = text;
    this.#result = undefined;
  }

  choose(lane: Lane | undefined): void {
    this.#chosen = lane;
    this.#result = undefined;
  }

  /**
   * Sends the entered command. Fetches the rest of a response with GET RESPONSE, and repeats the command
   * if the unit corrects Le (6Cxx).
   * Has no effect without the switch, with an obstacle, or if the command is not permitted.
   */
  async send(): Promise<void> {
    const { command, lane } = this;
    if (!this.#isOn || this.#isSending || this.obstacle || command.is !== 'permitted' || !lane) return;
    const { station } = this.#options;
    this.#result = undefined;
    this.#isSending = true;
    try {
      await lane.open(async (connection) => {
        this.#result = await this.#exchange(lane, connection, command.command);
      });
      // An order that was opened in the meantime did not find the unit ready.
      if (station.loader) await station.reread(lane);
    } finally {
      this.#isSending = false;
    }
  }

  async #exchange(lane: Lane, { send }: UnitConnection, command: CommandApdu): Promise<SendResult> {
    const exchanges: Exchange[] = [];
    const record = (each: Exchange): void => {
      const marked = { ...each, isByHand: true };
      exchanges.push(marked);
      lane.trace.add(marked);
    };
    try {
      await exchange(traced(send, record, this.#options.now), command, { extendedLength: false });
    } catch (error) {
      return { is: 'failed', failure: failureOf(error) };
    }
    const [sent, last] = [exchanges[0], exchanges.at(-1)];
    if (sent === undefined || last === undefined) throw new TypeError('an exchange was not recorded');
    return { is: 'answered', sent, last };
  }
}
