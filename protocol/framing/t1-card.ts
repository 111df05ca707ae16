// T=1 on the side of the unit (ISO/IEC 7816-3 clause 11, docs/protocol.md clause 5), for simulated
// units. A repeated I-block is answered with the last block and never runs a command twice. The
// number of repetitions has no limit here, because only the host ends a failing exchange.
import { type Bytes, concat, copy } from '../bytes/bytes.ts';
import type { CardAction, CardFraming } from './card-framing.ts';
import type { Edc } from './edc.ts';
import {
  CWT_MS,
  DAMAGE_SILENCE_MS,
  encodeIBlock,
  encodeRBlock,
  encodeSBlock,
  type IBlock,
  INITIAL_IFSD,
  isSameIBlock,
  other,
  type RBlock,
  type SBlock,
  type SequenceBit,
  type T1Block,
  T1BlockReader,
} from './t1-block.ts';

export interface T1CardOptions {
  readonly edc?: Edc;
  /** An IFSC other than 254, announced with S(IFS request) before the first response. */
  readonly ifsc?: number;
}

/** Length of the longest command APDU: header, extended Lc, 65,535 bytes, extended Le. */
const MAX_COMMAND = 4 + 3 + 0xffff + 2;
const WTX_MULTIPLIER = 1;
const NOTHING: readonly CardAction[] = [];

/** A T=1 link has one card. */
const SLOT = 0;

export class T1Card implements CardFraming {
  readonly #edc: Edc;
  readonly #reader: T1BlockReader;
  #ifscToAnnounce: number | undefined;
  /** True after a damaged block, until the line is silent. */
  #isDraining = false;
  /** N(S) of the next I-block sent. */
  #ns: SequenceBit = 0;
  /** Expected N(S) of the host's next I-block. */
  #nr: SequenceBit = 0;
  /** Maximum length of INF to the host. */
  #ifsd = INITIAL_IFSD;
  #command: Bytes[] = [];
  #commandLength = 0;
  #lastReceived: IBlock | undefined;
  /** The last block sent, not counting R-blocks that report an error. */
  #last: Bytes | undefined;
  #lastI: { readonly ns: SequenceBit; readonly bytes: Bytes } | undefined;
  /** The pending S(... request) of the unit. */
  #request: { readonly name: SBlock['request']; readonly value: number } | undefined;
  #tickets = 0;
  /** Ticket of the running command. */
  #running: number | undefined;
  /** The response of the last command, until all of it was sent. */
  #response: Bytes | undefined;
  /** Number of bytes of the response that were sent. */
  #sent = 0;

  constructor({ edc = 'crc', ifsc }: T1CardOptions = {}) {
    this.#edc = edc;
    this.#reader = new T1BlockReader(edc);
    this.#ifscToAnnounce = ifsc;
  }

  receive(bytes: Uint8Array): readonly CardAction[] {
    if (this.#isDraining) return drain();
    this.#reader.push(bytes);
    for (;;) {
      const block = this.#reader.next();
      if (block === undefined) return this.#reader.isPending ? [{ do: 'wait', ms: CWT_MS }] : NOTHING;
      if (block === 'damaged') {
        this.#isDraining = true;
        return drain();
      }
      const actions = this.#handle(block);
      if (actions.length > 0) {
        // The line is half-duplex: bytes after the answered block are a repetition or noise.
        this.#reader.clear();
        return actions;
      }
    }
  }

  silence(): readonly CardAction[] {
    const isBroken = this.#isDraining || this.#reader.isPending;
    this.#isDraining = false;
    this.#reader.clear();
    if (!isBroken) return NOTHING;
    return this.#request === undefined ? this.#sendError(1) : this.#repeatLast();
  }

  answer(ticket: number, response: Uint8Array): readonly CardAction[] {
    if (ticket !== this.#running) return NOTHING;
    this.#running = undefined;
    this.#response = copy(response);
    this.#sent = 0;
    return this.#request === undefined ? this.#startResponse() : NOTHING;
  }

  extend(ticket: number): readonly CardAction[] {
    if (ticket !== this.#running || this.#request !== undefined) return NOTHING;
    return this.#sendRequest('wtx', WTX_MULTIPLIER);
  }

  #handle(block: T1Block): readonly CardAction[] {
    if (block.kind === 'S') return this.#handleS(block);
    // Rule 7.3: while a request is pending, the unit answers any I- or R-block with the same
    // request.
    if (this.#request !== undefined) return this.#repeatLast();
    return block.kind === 'I' ? this.#handleI(block) : this.#handleR(block);
  }

  #handleI(block: IBlock): readonly CardAction[] {
    if (this.#running !== undefined) return NOTHING;
    if (block.ns !== this.#nr) {
      const isRepeated = this.#lastReceived !== undefined && isSameIBlock(block, this.#lastReceived);
      return isRepeated ? this.#repeatLast() : this.#sendError(2);
    }
    const length = this.#commandLength + block.inf.length;
    if (this.#response !== undefined || length > MAX_COMMAND) return this.#sendError(2);
    this.#nr = other(this.#nr);
    this.#lastReceived = block;
    this.#command.push(block.inf);
    this.#commandLength = length;
    if (block.more) return this.#send(encodeRBlock(this.#nr, 0, this.#edc));
    const command = concat(...this.#command);
    this.#command = [];
    this.#commandLength = 0;
    this.#running = ++this.#tickets;
    return [{ do: 'run', ticket: this.#running, slot: SLOT, command }];
  }

  #handleR({ nr }: RBlock): readonly CardAction[] {
    // The block waiting time of the host has passed, and the command is still running.
    if (this.#running !== undefined) return this.#sendRequest('wtx', WTX_MULTIPLIER);
    if (this.#response !== undefined && nr === this.#ns) return this.#sendPart(this.#response);
    if (this.#lastI?.ns === nr) return [{ do: 'send', bytes: this.#lastI.bytes }];
    // The host has received the last I-block, and its next I-block was lost. The R-block requests
    // that block again.
    return this.#sendError(0);
  }

  #handleS({ request, response, value }: SBlock): readonly CardAction[] {
    if (response) {
      // A response without a pending request repeats a response that was processed.
      if (this.#request?.name !== request || this.#request.value !== value) return NOTHING;
      this.#request = undefined;
      return this.#response === undefined ? NOTHING : this.#startResponse();
    }
    switch (request) {
      case 'resynch':
        this.#reset();
        return this.#send(encodeSBlock('resynch', true, 0, this.#edc));
      case 'ifs':
        this.#ifsd = value;
        return this.#send(encodeSBlock('ifs', true, value, this.#edc));
      default:
        return this.#sendError(2);
    }
  }

  /**
   * Applies S(RESYNCH): resets sequence numbers, IFSD and chains, and discards the response of a
   * running command.
   */
  #reset(): void {
    this.#ns = 0;
    this.#nr = 0;
    this.#ifsd = INITIAL_IFSD;
    this.#command = [];
    this.#commandLength = 0;
    this.#lastReceived = undefined;
    this.#last = undefined;
    this.#lastI = undefined;
    this.#request = undefined;
    this.#running = undefined;
    this.#response = undefined;
  }

  #startResponse(): readonly CardAction[] {
    const response = this.#response;
    if (response === undefined) return NOTHING;
    if (this.#ifscToAnnounce !== undefined) {
      const ifsc = this.#ifscToAnnounce;
      this.#ifscToAnnounce = undefined;
      return this.#sendRequest('ifs', ifsc);
    }
    return this.#sendPart(response);
  }

  #sendPart(response: Bytes): readonly CardAction[] {
    const inf = response.subarray(this.#sent, this.#sent + this.#ifsd);
    this.#sent += inf.length;
    const more = this.#sent < response.length;
    const bytes = encodeIBlock(this.#ns, more, inf, this.#edc);
    this.#lastI = { ns: this.#ns, bytes };
    this.#ns = other(this.#ns);
    if (!more) this.#response = undefined;
    return this.#send(bytes);
  }

  #sendRequest(name: 'ifs' | 'wtx', value: number): readonly CardAction[] {
    this.#request = { name, value };
    return this.#send(encodeSBlock(name, false, value, this.#edc));
  }

  #sendError(error: RBlock['error']): readonly CardAction[] {
    return [{ do: 'send', bytes: encodeRBlock(this.#nr, error, this.#edc) }];
  }

  #send(bytes: Bytes): readonly CardAction[] {
    this.#last = bytes;
    return [{ do: 'send', bytes }];
  }

  #repeatLast(): readonly CardAction[] {
    return this.#last === undefined ? this.#sendError(0) : [{ do: 'send', bytes: this.#last }];
  }
}

function drain(): readonly CardAction[] {
  return [{ do: 'wait', ms: DAMAGE_SILENCE_MS }];
}
