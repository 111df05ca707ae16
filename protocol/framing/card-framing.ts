// What a link protocol looks like from the unit's side, for whoever imitates a unit. As the host's machine it has no clock and does
// no I/O: its driver writes, keeps one timer, runs the commands one after the other and resets the card.
import type { Bytes } from '../bytes/bytes.ts';

/** What the machine wants next; several are done in order. */
export type CardAction =
  | { readonly do: 'send'; readonly bytes: Bytes }
  /**
   * A whole command APDU. Run it (after the one before it has ended) and hand the response to answer() with the same ticket;
   * call extend() with it every so often while it takes long.
   */
  | { readonly do: 'run'; readonly ticket: number; readonly slot: number; readonly command: Bytes }
  /** The card in the slot gets power or a reset (`on`), or loses its power. */
  | { readonly do: 'power'; readonly slot: number; readonly on: boolean }
  /** Call silence() when nothing was received for `ms` from now. Octets, or another `wait`, end this one. */
  | { readonly do: 'wait'; readonly ms: number };

export interface CardFraming {
  /** Octets came, split or joined in any way. */
  receive(bytes: Uint8Array): readonly CardAction[];
  /** The time of the last `wait` went by without octets. */
  silence(): readonly CardAction[];
  /** The response APDU. Nothing happens when the host has given the command up meanwhile. */
  answer(ticket: number, response: Uint8Array): readonly CardAction[];
  /** Asks the host for one more block waiting time. */
  extend(ticket: number): readonly CardAction[];
}
