// CCID 1.1 bulk messages on the side of the host, for one slot and at extended APDU level
// (docs/protocol.md clause 5). A state machine without clock and I/O. CCID cannot repeat a lost
// message, so every error ends the link. A response to an earlier message is ignored.
import { type Bytes, wipe } from '../bytes/bytes.ts';
import {
  CcidError,
  type CcidMessage,
  CcidMessageReader,
  CcidType,
  CommandStatus,
  commandStatus,
  encodeCcidMessage,
  IccStatus,
  iccStatus,
  type OversizedMessage,
} from './ccid-message.ts';
import type { HostAction, HostFraming } from './host-framing.ts';

export interface CcidHostOptions {
  /** bSlot. */
  readonly slot?: number;
  /** Block waiting time in ms: the timeout of a response. A time extension is a multiple of it. */
  readonly bwtMs?: number;
}

const BWT_MS = 1000;
const NOTHING = new Uint8Array(0);
const WAIT_ON: HostAction = { do: 'wait-on' };

export function ccidHost(options: CcidHostOptions = {}): HostFraming {
  return new CcidHost(options);
}

type Phase = 'closed' | 'status' | 'power' | 'idle' | 'exchange';

class CcidHost implements HostFraming {
  readonly #slot: number;
  readonly #bwtMs: number;
  readonly #reader = new CcidMessageReader();
  #phase: Phase = 'closed';
  /** bSeq of the next message. */
  #nextSeq = 0;
  /** Message type and bSeq of the expected response. */
  #expected = { type: 0, seq: 0 };
  /** The message sent last. It may contain a PIN, so it is wiped after the exchange. */
  #sent: Bytes = NOTHING;

  constructor({ slot = 0, bwtMs = BWT_MS }: CcidHostOptions) {
    this.#slot = slot;
    this.#bwtMs = bwtMs;
  }

  open(): HostAction {
    this.#phase = 'status';
    return this.#send(CcidType.getSlotStatus, CcidType.slotStatus, NOTHING);
  }

  exchange(command: Uint8Array): HostAction {
    if (this.#phase !== 'idle') throw new RangeError('the link is not open, or an exchange is open');
    // bBWI 0, wLevelParameter 0: the APDU begins and ends in this message.
    const action = this.#send(CcidType.xfrBlock, CcidType.dataBlock, command);
    this.#phase = 'exchange';
    return action;
  }

  receive(bytes: Uint8Array): HostAction {
    this.#reader.push(bytes);
    let action = WAIT_ON;
    for (let message = this.#reader.next(); message !== undefined; message = this.#reader.next()) {
      // Ignores messages after the response, because they can only answer earlier requests.
      if (action.do === 'wait-on') action = this.#handle(message);
    }
    return action;
  }

  silence(): HostAction {
    return this.#fail('link-timeout', 'the unit does not answer');
  }

  #handle(message: CcidMessage | OversizedMessage): HostAction {
    if ('oversized' in message) return this.#fail('link-garbled', 'a CCID message exceeds the maximum length');
    const { type, seq } = this.#expected;
    if (message.type !== type || message.seq !== seq || message.slot !== this.#slot) return WAIT_ON;
    const [status, error, parameter] = message.parameters;
    switch (commandStatus(status)) {
      case CommandStatus.done:
        return this.#handleDone(message, iccStatus(status), parameter);
      case CommandStatus.timeExtension:
        return { do: 'wait', waitMs: Math.max(error, 1) * this.#bwtMs };
      default:
        return error === CcidError.iccMute
          ? this.#fail('device-lost', 'the card in the slot has no power or is mute')
          : this.#fail('link-garbled', `CCID command failed with bError ${error}`);
    }
  }

  #handleDone({ data }: CcidMessage, icc: number, parameter: number): HostAction {
    switch (this.#phase) {
      case 'status':
        if (icc === IccStatus.absent) return this.#fail('device-lost', 'no card is in the slot');
        this.#phase = 'power';
        return this.#send(CcidType.iccPowerOn, CcidType.dataBlock, NOTHING);
      case 'power':
        // The first byte, TS, shows that this is an ATR. The other bytes are ignored, because the
        // identity contains the capabilities.
        if (data[0] !== 0x3b && data[0] !== 0x3f)
          return this.#fail('link-garbled', 'the response to power on contains no ATR');
        return this.#done(NOTHING);
      default:
        if (parameter !== 0) return this.#fail('link-garbled', 'a response in several CCID messages is not supported');
        return this.#done(data);
    }
  }

  #send(type: number, answerType: number, data: Uint8Array): HostAction {
    const bytes = encodeCcidMessage(type, this.#slot, this.#nextSeq, [0, 0, 0], data);
    this.#sent = bytes;
    this.#expected = { type: answerType, seq: this.#nextSeq };
    this.#nextSeq = (this.#nextSeq + 1) & 0xff;
    return { do: 'send', bytes, quietMs: 0, waitMs: this.#bwtMs };
  }

  #done(response: Bytes): HostAction {
    this.#phase = 'idle';
    wipe(this.#sent);
    return { do: 'done', response };
  }

  #fail(code: 'link-garbled' | 'link-timeout' | 'device-lost', message: string): HostAction {
    this.#phase = 'closed';
    wipe(this.#sent);
    return { do: 'fail', code, message };
  }
}
