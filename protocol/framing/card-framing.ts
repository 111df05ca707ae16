// The interface of a link protocol on the side of the unit: a state machine without clock and I/O
// (docs/protocol.md clause 5), for simulated units. A driver performs the actions that the state
// machine returns: it writes bytes, keeps one timer, runs commands in order and resets the card.
import type { Bytes } from '../bytes/bytes.ts';

/** An action of the driver, which performs the actions of a list in order. */
export type CardAction =
  | { readonly do: 'send'; readonly bytes: Bytes }
  /**
   * Run a complete command APDU after the previous command has ended. Pass the response to answer()
   * with the same ticket. During a long command, call extend() with the ticket before each block
   * waiting time ends.
   */
  | { readonly do: 'run'; readonly ticket: number; readonly slot: number; readonly command: Bytes }
  /** If `on`, power on or reset the card in the slot. Otherwise power it off. */
  | { readonly do: 'power'; readonly slot: number; readonly on: boolean }
  /**
   * Call silence() when nothing is received within `ms`. Received bytes or another `wait` cancel
   * this `wait`.
   */
  | { readonly do: 'wait'; readonly ms: number };

export interface CardFraming {
  /** Processes received bytes, split or joined in any way. */
  receive(bytes: Uint8Array): readonly CardAction[];
  /** Called when the time of the last `wait` has passed without received bytes. */
  silence(): readonly CardAction[];
  /**
   * Processes the response APDU of a command. Has no effect if the host has cancelled the command.
   */
  answer(ticket: number, response: Uint8Array): readonly CardAction[];
  /** Requests one more block waiting time from the host. */
  extend(ticket: number): readonly CardAction[];
}
