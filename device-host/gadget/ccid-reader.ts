// The unit as a PC/SC reader with its card inside (CCID 1.1), for hosts that treat it as class 0B. What such hosts ask beyond
// docs/protocol.md clause 5 is the protocol's parameters; at TPDU level an XfrBlock carries a T=1 block of the host, not an APDU, so
// the unit's T=1 stands inside its CCID. Pure, as all framing.

import { type Bytes, equalBytes } from '#protocol/bytes/bytes.ts';
import type { CardAction, CardFraming } from '#protocol/framing/card-framing.ts';
import { CcidDevice } from '#protocol/framing/ccid-device.ts';
import {
  type CcidMessage,
  CcidMessageReader,
  CommandStatus,
  encodeCcidMessage,
  encodeStatus,
  IccStatus,
} from '#protocol/framing/ccid-message.ts';
import { T1Card } from '#protocol/framing/t1-card.ts';
import { BLOCK_EDC, CARD_ATR, type ReaderLevel, t1Parameters } from './smart-card-class.ts';

/** Clause 6.1: the messages about parameters, and their answer. */
const SET_PARAMETERS = 0x61;
const GET_PARAMETERS = 0x6c;
const RESET_PARAMETERS = 0x6d;
const PARAMETERS = 0x82;
const T1 = 0x01;
/** bError: the offset of bProtocolNum, or of abProtocolDataStructure. */
const WRONG_PROTOCOL = 0x07;
const WRONG_STRUCTURE = 0x0a;
const NOTHING: Bytes = new Uint8Array(0);

export class CcidReader implements CardFraming {
  readonly #ccid: CcidDevice;
  readonly #reader = new CcidMessageReader();
  readonly #level: ReaderLevel;
  #t1 = new T1Card({ edc: BLOCK_EDC });
  /** The XfrBlock whose T=1 block has no answer yet. */
  #open: number | undefined;
  /** The command that T1Card runs has this ticket, which outlives the blocks about it. */
  #isRunning = false;

  constructor(level: ReaderLevel) {
    this.#level = level;
    this.#ccid = new CcidDevice({ atr: CARD_ATR[level] });
  }

  receive(bytes: Uint8Array): readonly CardAction[] {
    this.#reader.push(bytes);
    const actions: CardAction[] = [];
    for (let message = this.#reader.next(); message !== undefined; message = this.#reader.next()) {
      actions.push(...('oversized' in message ? this.#oversized(message) : this.#handle(message)));
    }
    return actions;
  }

  silence(): readonly CardAction[] {
    return this.#level === 'tpdu' ? this.#fromT1(this.#t1.silence()) : [];
  }

  answer(ticket: number, response: Uint8Array): readonly CardAction[] {
    if (this.#level === 'apdu') return this.#ccid.answer(ticket, response);
    this.#isRunning = false;
    return this.#fromT1(this.#t1.answer(ticket, response));
  }

  extend(ticket: number): readonly CardAction[] {
    if (this.#level === 'apdu') return this.#ccid.extend(ticket);
    return this.#open === undefined ? [] : this.#fromT1(this.#t1.extend(ticket));
  }

  #handle(message: CcidMessage): readonly CardAction[] {
    switch (message.type) {
      case SET_PARAMETERS:
        return this.#setParameters(message);
      case GET_PARAMETERS:
      case RESET_PARAMETERS:
        return this.#answerParameters(message, 0);
      default:
        return this.#pass(encodeCcidMessage(message.type, message.slot, message.seq, message.parameters, message.data));
    }
  }

  /** The header alone: CcidDevice sees that no message can be so long, and says so. */
  #oversized({ type, slot, seq }: { readonly type: number; readonly slot: number; readonly seq: number }) {
    return this.#pass(Uint8Array.of(type, 0xff, 0xff, 0xff, 0xff, slot, seq, 0, 0, 0));
  }

  /** There is one set of parameters that the card has; whoever wants others is told where they differ. */
  #setParameters(message: CcidMessage): readonly CardAction[] {
    const [protocol] = message.parameters;
    if (protocol !== T1) return this.#answerParameters(message, WRONG_PROTOCOL);
    const isOurs = equalBytes(message.data, t1Parameters(this.#level));
    return this.#answerParameters(message, isOurs ? 0 : WRONG_STRUCTURE);
  }

  #pass(message: Uint8Array): readonly CardAction[] {
    const actions = this.#ccid.receive(message);
    return this.#level === 'apdu' ? actions : actions.flatMap((action) => this.#fromCcid(action));
  }

  #fromCcid(action: CardAction): readonly CardAction[] {
    if (action.do === 'power') {
      this.#t1 = new T1Card({ edc: BLOCK_EDC });
      this.#open = undefined;
      this.#isRunning = false;
    }
    if (action.do !== 'run') return [action];
    this.#open = action.ticket;
    const actions = this.#fromT1(this.#t1.receive(action.command));
    // A real card would stay mute here, and the reader would say so after the block waiting time; the host need not wait for it.
    return actions.length > 0 || this.#isRunning ? actions : this.#close(NOTHING);
  }

  #fromT1(actions: readonly CardAction[]): readonly CardAction[] {
    return actions.flatMap((action) => {
      if (action.do === 'run') this.#isRunning = true;
      return action.do === 'send' ? this.#close(action.bytes) : [action];
    });
  }

  #close(block: Bytes): readonly CardAction[] {
    if (this.#open === undefined) return [];
    const ticket = this.#open;
    this.#open = undefined;
    return this.#ccid.answer(ticket, block);
  }

  #answerParameters({ slot, seq }: CcidMessage, error: number): readonly CardAction[] {
    const status = encodeStatus(IccStatus.active, error === 0 ? CommandStatus.done : CommandStatus.failed);
    const data = error === 0 ? t1Parameters(this.#level) : NOTHING;
    return [{ do: 'send', bytes: encodeCcidMessage(PARAMETERS, slot, seq, [status, error, T1], data) }];
  }
}
