// The framing of a unit that is a PC/SC reader of class 0B with a card (CCID 1.1). Adds the
// parameter messages, which docs/protocol.md clause 5 does not use. At TPDU level an XfrBlock
// contains a T=1 block from the host instead of an APDU, so this class runs the T=1 card behind the
// CCID device.
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

/** Types of the parameter messages (CCID 1.1 clause 6.1) and of their response (clause 6.2.3). */
const SET_PARAMETERS = 0x61;
const GET_PARAMETERS = 0x6c;
const RESET_PARAMETERS = 0x6d;
const PARAMETERS = 0x82;
const T1 = 0x01;
/**
 * Values of bError for a rejected protocol and for rejected parameters. They are the offsets of
 * bProtocolNum and abProtocolDataStructure.
 */
const WRONG_PROTOCOL = 0x07;
const WRONG_STRUCTURE = 0x0a;
const NOTHING: Bytes = new Uint8Array(0);

export class CcidReader implements CardFraming {
  readonly #ccid: CcidDevice;
  readonly #reader = new CcidMessageReader();
  readonly #level: ReaderLevel;
  #t1 = new T1Card({ edc: BLOCK_EDC });
  /** Ticket of the pending XfrBlock. */
  #pending: number | undefined;
  /** Whether T1Card runs a command. The host may send several XfrBlocks during one command. */
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
    return this.#pending === undefined ? [] : this.#fromT1(this.#t1.extend(ticket));
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

  /**
   * Passes an oversized message on as a header with the maximum length, so that CcidDevice rejects
   * it.
   */
  #oversized({ type, slot, seq }: { readonly type: number; readonly slot: number; readonly seq: number }) {
    return this.#pass(Uint8Array.of(type, 0xff, 0xff, 0xff, 0xff, slot, seq, 0, 0, 0));
  }

  /**
   * Accepts only the card's own parameters. The response to other parameters has the offset of the
   * wrong field in bError.
   */
  #setParameters(message: CcidMessage): readonly CardAction[] {
    const [protocol] = message.parameters;
    if (protocol !== T1) return this.#answerParameters(message, WRONG_PROTOCOL);
    const isSupported = equalBytes(message.data, t1Parameters(this.#level));
    return this.#answerParameters(message, isSupported ? 0 : WRONG_STRUCTURE);
  }

  #pass(message: Uint8Array): readonly CardAction[] {
    const actions = this.#ccid.receive(message);
    return this.#level === 'apdu' ? actions : actions.flatMap((action) => this.#fromCcid(action));
  }

  #fromCcid(action: CardAction): readonly CardAction[] {
    if (action.do === 'power') {
      this.#t1 = new T1Card({ edc: BLOCK_EDC });
      this.#pending = undefined;
      this.#isRunning = false;
    }
    if (action.do !== 'run') return [action];
    this.#pending = action.ticket;
    const actions = this.#fromT1(this.#t1.receive(action.command));
    // If T1Card does not respond to the block, a real reader reports that after the block waiting
    // time. This reader reports it immediately, with an empty block.
    return actions.length > 0 || this.#isRunning ? actions : this.#respond(NOTHING);
  }

  #fromT1(actions: readonly CardAction[]): readonly CardAction[] {
    return actions.flatMap((action) => {
      if (action.do === 'run') this.#isRunning = true;
      return action.do === 'send' ? this.#respond(action.bytes) : [action];
    });
  }

  #respond(block: Bytes): readonly CardAction[] {
    if (this.#pending === undefined) return [];
    const ticket = this.#pending;
    this.#pending = undefined;
    return this.#ccid.answer(ticket, block);
  }

  #answerParameters({ slot, seq }: CcidMessage, error: number): readonly CardAction[] {
    const status = encodeStatus(IccStatus.active, error === 0 ? CommandStatus.done : CommandStatus.failed);
    const data = error === 0 ? t1Parameters(this.#level) : NOTHING;
    return [{ do: 'send', bytes: encodeCcidMessage(PARAMETERS, slot, seq, [status, error, T1], data) }];
  }
}
