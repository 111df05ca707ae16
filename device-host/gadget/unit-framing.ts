// Creates the framing of a unit that a real host uses. Passes each command and response APDU to a
// listener, for the terminal of `npm run device` and for tests.
import type { LinkKind } from '#device-sim/unit/faults.ts';
import type { CardAction, CardFraming } from '#protocol/framing/card-framing.ts';
import { CcidDevice } from '#protocol/framing/ccid-device.ts';
import type { Edc } from '#protocol/framing/edc.ts';
import { T1Card } from '#protocol/framing/t1-card.ts';
import { CcidReader } from './ccid-reader.ts';
import type { ReaderLevel } from './smart-card-class.ts';

export type CardEvent =
  | { readonly event: 'power'; readonly link: LinkKind; readonly on: boolean }
  | { readonly event: 'command'; readonly link: LinkKind; readonly apdu: Uint8Array }
  /** The response to the last command on the same link. */
  | { readonly event: 'response'; readonly link: LinkKind; readonly apdu: Uint8Array };

export interface UnitFramingOptions {
  /**
   * Level of the reader of class 0B on USB. If undefined, the unit is no reader and has class FF.
   */
  readonly readerLevel?: ReaderLevel;
  readonly edc: Edc;
  readonly onEvent: (event: CardEvent) => void;
}

/** Returns a function for the option `framing` of a unit. */
export function unitFraming({ readerLevel, edc, onEvent }: UnitFramingOptions): (kind: LinkKind) => CardFraming {
  return (link) => {
    if (link === 'serial') return withEvents(new T1Card({ edc }), link, onEvent);
    return withEvents(readerLevel === undefined ? new CcidDevice() : new CcidReader(readerLevel), link, onEvent);
  };
}

function withEvents(framing: CardFraming, link: LinkKind, onEvent: (event: CardEvent) => void): CardFraming {
  const report = (actions: readonly CardAction[]): readonly CardAction[] => {
    for (const action of actions) {
      if (action.do === 'run') onEvent({ event: 'command', link, apdu: action.command });
      if (action.do === 'power') onEvent({ event: 'power', link, on: action.on });
    }
    return actions;
  };
  return {
    receive: (bytes) => report(framing.receive(bytes)),
    silence: () => report(framing.silence()),
    answer(ticket, response) {
      onEvent({ event: 'response', link, apdu: response });
      return report(framing.answer(ticket, response));
    },
    extend: (ticket) => framing.extend(ticket),
  };
}
