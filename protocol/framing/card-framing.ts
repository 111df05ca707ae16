// A link protocol on the side of the unit, as a state machine without clock and I/O
// (docs/protocol.md clause 5). Simulated units use it. Its driver writes, keeps one timer, runs the
// commands in order and resets the card.
import type { Bytes } from '../bytes/bytes.ts';

/** An action for the driver, which performs several in order. */
export type CardAction =
  | { readonly do: 'send'; readonly bytes: Bytes }
  /**
   * A complete command APDU. Run it after the previous one has ended, and pass the response to
   * answer() with the same ticket. During a long command, call extend() with the ticket before each
   * block waiting time ends.
   */
  | { readonly do: 'run'; readonly ticket: number; readonly slot: number; readonly command: Bytes }
  /** Power on or reset (`on`), or power off, of the card in the slot. */
  | { readonly do: 'power'; readonly slot: number; readonly on: boolean }
  /**
   * Call silence() when nothing is received within `ms`. Received bytes or another `wait` cancel
   * this one.
   */
  | { readonly do: 'wait'; readonly ms: number };

export interface CardFraming {
  /** Processes received bytes, split or joined in any way. */
  receive(bytes: Uint8Array): readonly CardAction[];
  /** The time of the last `wait` has passed without received bytes. */
  silence(): readonly CardAction[];
  /** Passes the response APDU on. Has no effect if the host has cancelled the command. */
  answer(ticket: number, response: Uint8Array): readonly CardAction[];
  /** Requests one more block waiting time from the host. */
  extend(ticket: number): readonly CardAction[];
}
