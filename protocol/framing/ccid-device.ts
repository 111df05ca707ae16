// CCID 1.1 bulk messages on the side of the unit (docs/protocol.md clause 5), for simulated units.
// A card is always present in every slot, and commands on different slots may run at the same time.
import { type Bytes, concat } from '../bytes/bytes.ts';
import { fromHex } from '../bytes/hex.ts';
import type { CardAction, CardFraming } from './card-framing.ts';
import {
  CcidError,
  type CcidMessage,
  CcidMessageReader,
  CcidType,
  CommandStatus,
  encodeCcidMessage,
  encodeStatus,
  IccStatus,
  type OversizedMessage,
} from './ccid-message.ts';

export interface CcidDeviceOptions {
  /** Number of slots, 1 to 256. */
  readonly slots?: number;
  readonly atr?: Uint8Array;
}

/** The ATR: T=1, IFSC 254, extended length (docs/protocol.md clause 5). */
export const ATR = fromHex('3B 85 81 71 FE 45 01 80 73 80 01 C0 7D');

const EXTENSION_MULTIPLIER = 1;

interface Slot {
  isPowered: boolean;
  /** The XfrBlock that has no response yet. */
  running: { readonly ticket: number; readonly seq: number } | undefined;
}

export class CcidDevice implements CardFraming {
  readonly #atr: Bytes;
  readonly #slots: readonly Slot[];
  readonly #reader = new CcidMessageReader();
  #tickets = 0;

  constructor({ slots = 1, atr = ATR }: CcidDeviceOptions = {}) {
    if (!Number.isInteger(slots) || slots < 1 || slots > 256)
      throw new RangeError(`slots must be 1 to 256, not ${slots}`);
    this.#atr = concat(atr);
    this.#slots = Array.from({ length: slots }, () => ({ isPowered: false, running: undefined }));
  }

  /** Processes received bytes. A zero-length packet has no effect. */
  receive(bytes: Uint8Array): readonly CardAction[] {
    this.#reader.push(bytes);
    const actions: CardAction[] = [];
    for (let message = this.#reader.next(); message !== undefined; message = this.#reader.next()) {
      actions.push(...this.#handle(message));
    }
    return actions;
  }

  /** Has no effect: this state machine returns no `wait`, because USB delimits the transfers. */
  silence(): readonly CardAction[] {
    return [];
  }

  /**
   * @throws RangeError when the response does not fit into one message; a card returns 61xx instead
   */
  answer(ticket: number, response: Uint8Array): readonly CardAction[] {
    const found = this.#find(ticket);
    if (found === undefined) return [];
    const status = encodeStatus(IccStatus.active, CommandStatus.done);
    const bytes = encodeCcidMessage(CcidType.dataBlock, found.number, found.seq, [status, 0, 0], response);
    found.slot.running = undefined;
    return [{ do: 'send', bytes }];
  }

  extend(ticket: number): readonly CardAction[] {
    const found = this.#find(ticket);
    if (found === undefined) return [];
    const status = encodeStatus(IccStatus.active, CommandStatus.timeExtension);
    const parameters = [status, EXTENSION_MULTIPLIER, 0] as const;
    return send(encodeCcidMessage(CcidType.dataBlock, found.number, found.seq, parameters, concat()));
  }

  #find(ticket: number): { number: number; slot: Slot; seq: number } | undefined {
    const number = this.#slots.findIndex(({ running }) => running?.ticket === ticket);
    const slot = this.#slots[number];
    return slot?.running && { number, slot, seq: slot.running.seq };
  }

  #handle(message: CcidMessage | OversizedMessage): readonly CardAction[] {
    const slot = this.#slots[message.slot];
    if (slot === undefined) return refuse(message, IccStatus.absent, CcidError.slot);
    const refuseWith = (error: number) => refuse(message, icc(slot), error);
    if ('oversized' in message) return refuseWith(CcidError.length);
    switch (message.type) {
      case CcidType.iccPowerOn:
        return message.data.length === 0 ? this.#power(message, slot, true) : refuseWith(CcidError.length);
      case CcidType.iccPowerOff:
        return message.data.length === 0 ? this.#power(message, slot, false) : refuseWith(CcidError.length);
      case CcidType.getSlotStatus:
        return message.data.length === 0 ? answerTo(message, slot, concat()) : refuseWith(CcidError.length);
      case CcidType.xfrBlock:
        return this.#transfer(message, slot);
      default:
        return refuseWith(CcidError.notSupported);
    }
  }

  /**
   * If `on`, powers the card on or resets it. Otherwise powers it off. Discards the response of a
   * running command in either case.
   */
  #power(message: CcidMessage, slot: Slot, on: boolean): readonly CardAction[] {
    slot.running = undefined;
    slot.isPowered = on;
    return [{ do: 'power', slot: message.slot, on }, ...answerTo(message, slot, on ? this.#atr : concat())];
  }

  #transfer(message: CcidMessage, slot: Slot): readonly CardAction[] {
    const [, level0, level1] = message.parameters;
    if (level0 !== 0 || level1 !== 0) return refuse(message, icc(slot), CcidError.levelParameter);
    if (!slot.isPowered) return refuse(message, icc(slot), CcidError.iccMute);
    if (slot.running !== undefined) return refuse(message, icc(slot), CcidError.slotBusy);
    const ticket = ++this.#tickets;
    slot.running = { ticket, seq: message.seq };
    return [{ do: 'run', ticket, slot: message.slot, command: message.data }];
  }
}

const icc = (slot: Slot): number => (slot.isPowered ? IccStatus.active : IccStatus.inactive);

/** Returns the RDR_to_PC message type that answers a PC_to_RDR message (CCID 1.1 clause 6.2). */
function answerType(type: number): number {
  return type === CcidType.iccPowerOn || type === CcidType.xfrBlock ? CcidType.dataBlock : CcidType.slotStatus;
}

function answerTo(message: CcidMessage, slot: Slot, data: Uint8Array): readonly CardAction[] {
  const status = encodeStatus(icc(slot), CommandStatus.done);
  return send(encodeCcidMessage(answerType(message.type), message.slot, message.seq, [status, 0, 0], data));
}

function refuse(
  message: { readonly type: number; readonly slot: number; readonly seq: number },
  iccStatus: number,
  error: number,
): readonly CardAction[] {
  const status = encodeStatus(iccStatus, CommandStatus.failed);
  return send(encodeCcidMessage(answerType(message.type), message.slot, message.seq, [status, error, 0], concat()));
}

function send(bytes: Bytes): readonly CardAction[] {
  return [{ do: 'send', bytes }];
}
