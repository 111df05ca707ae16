// The link protocols of a unit that is offered to an operating system, with a listener between them and the card: it is told each
// command and its answer as the card has them. Knows nothing of what carries the octets.
import type { LinkKind } from '#device-sim/unit/faults.ts';
import type { CardAction, CardFraming } from '#protocol/framing/card-framing.ts';
import { CcidDevice } from '#protocol/framing/ccid-device.ts';
import type { Edc } from '#protocol/framing/edc.ts';
import { T1Card } from '#protocol/framing/t1-card.ts';
import { CcidReader } from './ccid-reader.ts';
import type { ReaderLevel } from './smart-card-class.ts';

export type CardEvent =
  | { readonly event: 'power'; readonly link: LinkKind; readonly on: boolean }
  /** The command APDU as it came; `response` is the APDU that answers the one before on the same link. */
  | { readonly event: 'command'; readonly link: LinkKind; readonly apdu: Uint8Array }
  | { readonly event: 'response'; readonly link: LinkKind; readonly apdu: Uint8Array };

export interface UnitFramingOptions {
  /** The unit is a reader of class 0B on USB. */
  readonly readerLevel?: ReaderLevel;
  readonly edc: Edc;
  readonly onEvent: (event: CardEvent) => void;
}

/** For UnitOptions.framing. */
export function unitFraming({ readerLevel, edc, onEvent }: UnitFramingOptions): (kind: LinkKind) => CardFraming {
  return (link) => {
    const usual = link === 'serial' ? new T1Card({ edc }) : new CcidDevice();
    const framing = link === 'usb' && readerLevel !== undefined ? new CcidReader(readerLevel) : usual;
    return watched(framing, link, onEvent);
  };
}

function watched(framing: CardFraming, link: LinkKind, onEvent: (event: CardEvent) => void): CardFraming {
  const seen = (actions: readonly CardAction[]): readonly CardAction[] => {
    for (const action of actions) {
      if (action.do === 'run') onEvent({ event: 'command', link, apdu: action.command });
      if (action.do === 'power') onEvent({ event: 'power', link, on: action.on });
    }
    return actions;
  };
  return {
    receive: (bytes) => seen(framing.receive(bytes)),
    silence: () => seen(framing.silence()),
    answer(ticket, response) {
      onEvent({ event: 'response', link, apdu: response });
      return seen(framing.answer(ticket, response));
    },
    extend: (ticket) => framing.extend(ticket),
  };
}
