// T=1 on the side of the host (ISO/IEC 7816-3 clause 11, rules 1 to 9 of clause 11.6;
// docs/protocol.md clause 5), without S(ABORT). A state machine without clock and I/O that runs one
// exchange at a time. Never runs a command twice: after S(RESYNCH) it sends a command again only if
// the last block of the command was not sent before. Otherwise the outcome is unknown, and the link
// fails. Ignores echoes of its own blocks, which some adapters return before the response.
import { type Bytes, concat, wipe } from '../bytes/bytes.ts';
import type { Edc } from './edc.ts';
import type { HostAction, HostFraming } from './host-framing.ts';
import {
  BWT_MS,
  CWT_MS,
  DAMAGE_SILENCE_MS,
  encodeIBlock,
  encodeRBlock,
  encodeSBlock,
  type IBlock,
  isEncodingOf,
  isSameIBlock,
  MAX_IFS,
  other,
  type RBlock,
  type SBlock,
  type SequenceBit,
  type T1Block,
  T1BlockReader,
} from './t1-block.ts';

export interface T1Options {
  readonly edc?: Edc;
  /** Block waiting time in ms. */
  readonly bwtMs?: number;
}

/** Time for which the line must be silent before S(RESYNCH), in ms. */
const DRAIN_SILENCE_MS = 100;
const MAX_REPEATS = 3;
const MAX_RESYNCHS = 3;
/** Length of the longest response APDU: Ne 65,536 and the status word. */
const MAX_RESPONSE = 0x10002;
/** Number of received bytes that are stored to detect a partial echo. */
const MAX_HEARD = 8;

export function t1Host(options: T1Options = {}): HostFraming {
  return new T1Host(options);
}

type Phase =
  | 'closed' // not open yet, or failed
  | 'resynch' // S(RESYNCH request) was sent
  | 'ifs' // S(IFS request) was sent
  | 'idle'
  | 'sending' // an I-block of the command was sent
  | 'receiving'; // the response has begun

/** Reason for repeating a block. */
type RetryReason = 'damaged' | 'timeout' | 'unexpected';

const WAIT_ON: HostAction = { do: 'wait-on' };
const MORE_OF_BLOCK: HostAction = { do: 'more', gapMs: CWT_MS };
const NOTHING = new Uint8Array(0);

class T1Host implements HostFraming {
  readonly #edc: Edc;
  readonly #bwtMs: number;
  readonly #reader: T1BlockReader;
  #phase: Phase = 'closed';
  /**
   * N(S) of the I-block that waits for an acknowledgement, or of the next I-block if none waits.
   */
  #ns: SequenceBit = 0;
  /** Expected N(S) of the unit's next I-block. */
  #nr: SequenceBit = 0;
  /** Maximum length of INF to the unit. */
  #ifsc = MAX_IFS;
  #repeats = 0;
  #resynchs = 0;
  /** True if the unit has sent something unusable since the last valid block. */
  #hasAnswered = false;
  /** True once a block of the unit was received. */
  #hasUnit = false;
  /** True once a block of this host, or a part of one, was received. */
  #hasEcho = false;
  /** The block sent last, and whether its echo was received. */
  #sent: { readonly bytes: Bytes; isEchoed: boolean } = { bytes: NOTHING, isEchoed: true };
  /** The first bytes received after S(RESYNCH request). */
  #heard: number[] = [];
  /**
   * The last block sent, not counting R-blocks that report an error, with the timeout of its
   * response.
   */
  #last: { readonly bytes: Bytes; readonly waitMs: number } = { bytes: NOTHING, waitMs: 0 };
  #command: Uint8Array | undefined;
  /** Start and end, in the command, of the part that this host sent most recently. */
  #from = 0;
  #to = 0;
  #part: Bytes = NOTHING;
  /** True if the unit may have received the whole command. */
  #isCommandSent = false;
  #lastReceived: IBlock | undefined;
  #response: Bytes[] = [];
  #responseLength = 0;

  constructor({ edc = 'crc', bwtMs = BWT_MS }: T1Options) {
    this.#edc = edc;
    this.#bwtMs = bwtMs;
    this.#reader = new T1BlockReader(edc);
  }

  open(): HostAction {
    this.#resynchs = 0;
    return this.#noteSent(this.#resynch());
  }

  exchange(command: Uint8Array): HostAction {
    if (this.#phase !== 'idle') throw new RangeError('the link is not open, or an exchange is open');
    this.#command = command;
    this.#resynchs = 0;
    return this.#noteSent(this.#startCommand());
  }

  receive(bytes: Uint8Array): HostAction {
    if (this.#phase === 'resynch' && this.#heard.length < MAX_HEARD)
      this.#heard.push(...bytes.subarray(0, MAX_HEARD - this.#heard.length));
    return this.#noteSent(this.#receive(bytes));
  }

  silence(): HostAction {
    const isBroken = this.#reader.isPending;
    this.#reader.clear();
    return this.#noteSent(this.#retry(isBroken ? 'damaged' : 'timeout', 0));
  }

  #noteSent(action: HostAction): HostAction {
    if (action.do !== 'send') return action;
    this.#sent = { bytes: action.bytes, isEchoed: false };
    this.#heard = [];
    return action;
  }

  #receive(bytes: Uint8Array): HostAction {
    this.#reader.push(bytes);
    for (;;) {
      const block = this.#reader.next();
      if (block === undefined) return this.#reader.isPending ? MORE_OF_BLOCK : WAIT_ON;
      if (block === 'damaged') return this.#retry('damaged', DAMAGE_SILENCE_MS);
      const action = this.#handle(block);
      if (action.do !== 'wait-on') {
        // The line is half-duplex: bytes after the answered block are a repetition or noise.
        this.#reader.clear();
        return action;
      }
    }
  }

  #handle(block: T1Block): HostAction {
    if (this.#isEcho(block)) return WAIT_ON;
    this.#hasUnit = true;
    if (this.#phase === 'resynch') return this.#handleResynch(block);
    if (this.#phase === 'ifs') return this.#handleIfs(block);
    if (block.kind === 'I') return this.#handleI(block);
    return block.kind === 'R' ? this.#handleR(block) : this.#handleS(block);
  }

  /**
   * True if the block is an echo of a block that this host has sent. An S-block of this host proves
   * that the line echoes, because a unit never sends the S-blocks of a host. I- and R-blocks count
   * as echoes only after this proof. An R-block counts only once, because the unit may send an
   * equal one. Checks for the proof first, because most lines never echo, and the comparison encodes
   * the block again.
   */
  #isEcho(block: T1Block): boolean {
    if (!this.#hasEcho && block.kind !== 'S') return false;
    const { bytes, isEchoed } = this.#sent;
    const isSent = isEncodingOf(block, bytes, this.#edc);
    const isPart = block.kind === 'I' && isEncodingOf(block, this.#part, this.#edc);
    const isEcho = block.kind === 'R' ? isSent && !isEchoed : isSent || isPart;
    if (!isEcho) return false;
    this.#hasEcho = true;
    if (isSent) this.#sent.isEchoed = true;
    return true;
  }

  /**
   * Ignores every block except the response to S(RESYNCH request), because the unit sent all other
   * blocks before it received the request.
   */
  #handleResynch(block: T1Block): HostAction {
    if (!isResponse(block, 'resynch')) return WAIT_ON;
    if (this.#isCommandSent) {
      return this.#fail('link-garbled', 'resynchronised during a command, whose outcome is unknown');
    }
    this.#ns = 0;
    this.#nr = 0;
    this.#ifsc = MAX_IFS;
    this.#lastReceived = undefined;
    this.#progress();
    this.#phase = 'ifs';
    return this.#send(encodeSBlock('ifs', false, MAX_IFS, this.#edc));
  }

  #handleIfs(block: T1Block): HostAction {
    if (isResponse(block, 'resynch')) return WAIT_ON;
    if (!isResponse(block, 'ifs', MAX_IFS)) return this.#retry('unexpected', 0);
    this.#progress();
    if (this.#command !== undefined) return this.#startCommand();
    return this.#done(NOTHING);
  }

  #startCommand(): HostAction {
    this.#phase = 'sending';
    this.#isCommandSent = false;
    this.#response = [];
    this.#responseLength = 0;
    this.#progress();
    return this.#sendPart(0);
  }

  #sendPart(from: number): HostAction {
    const command = this.#command ?? NOTHING;
    this.#from = from;
    this.#to = Math.min(from + this.#ifsc, command.length);
    this.#isCommandSent = this.#to === command.length;
    wipe(this.#part);
    this.#part = encodeIBlock(this.#ns, !this.#isCommandSent, command.subarray(this.#from, this.#to), this.#edc);
    return this.#send(this.#part);
  }

  #handleI(block: IBlock): HostAction {
    if (block.ns !== this.#nr) {
      // The R-block and the unit's response crossed on the line: this block was processed before.
      const isStale = this.#lastReceived !== undefined && isSameIBlock(block, this.#lastReceived);
      return isStale ? WAIT_ON : this.#retry('unexpected', 0);
    }
    if (!this.#isCommandSent) return this.#retry('unexpected', 0);
    if (this.#phase === 'sending') {
      this.#phase = 'receiving';
      this.#ns = other(this.#ns);
    }
    this.#progress();
    this.#nr = other(this.#nr);
    this.#lastReceived = block;
    this.#response.push(block.inf);
    this.#responseLength += block.inf.length;
    if (this.#responseLength > MAX_RESPONSE)
      return this.#fail('link-garbled', 'the response exceeds the maximum length');
    if (block.more) return this.#send(encodeRBlock(this.#nr, 0, this.#edc));
    return this.#done(this.#response.length === 1 ? block.inf : concat(...this.#response));
  }

  #handleR(block: RBlock): HostAction {
    if (this.#phase !== 'sending') return this.#repeat(this.#last);
    if (block.nr === this.#ns) return this.#repeat({ bytes: this.#part, waitMs: this.#bwtMs });
    if (this.#isCommandSent)
      return this.#last.bytes === this.#part ? this.#retry('unexpected', 0) : this.#repeat(this.#last);
    this.#progress();
    this.#ns = other(this.#ns);
    return this.#sendPart(this.#to);
  }

  #handleS({ request, response, value }: SBlock): HostAction {
    // No request is pending, so this block repeats a response that was processed.
    if (response) return WAIT_ON;
    switch (request) {
      case 'wtx':
        this.#progress();
        return this.#send(encodeSBlock('wtx', true, value, this.#edc), value * this.#bwtMs);
      case 'ifs':
        this.#progress();
        this.#ifsc = value;
        return this.#send(encodeSBlock('ifs', true, value, this.#edc));
      default:
        return this.#retry('unexpected', 0);
    }
  }

  /**
   * Applies rules 7.1 to 7.3: repeats a pending S-block request. If no request is pending, sends an
   * R-block, so that the unit repeats its block.
   */
  #retry(reason: RetryReason, quietMs: number): HostAction {
    if (reason !== 'timeout') this.#hasAnswered = true;
    if (this.#phase === 'closed' || this.#phase === 'idle') throw new RangeError('no exchange is open');
    if (this.#phase === 'resynch') {
      this.#hasEcho ||= reason === 'damaged' && isPartOf(this.#heard, this.#sent.bytes);
      return this.#resynch();
    }
    if (this.#phase === 'ifs') return this.#repeat(this.#last, quietMs);
    const error = { damaged: 1, timeout: 0, unexpected: 2 } as const;
    const bytes = encodeRBlock(this.#nr, error[reason], this.#edc);
    return this.#repeat({ bytes, waitMs: this.#bwtMs }, quietMs);
  }

  #repeat({ bytes, waitMs }: { readonly bytes: Bytes; readonly waitMs: number }, quietMs = 0): HostAction {
    if (this.#repeats === MAX_REPEATS) return this.#resynch();
    this.#repeats++;
    return { do: 'send', bytes, quietMs, waitMs };
  }

  #resynch(): HostAction {
    if (this.#resynchs === MAX_RESYNCHS) {
      if (this.#hasEcho && !this.#hasUnit)
        return this.#fail('link-echo', 'only the blocks of this host were received: the line or its adapter echoes');
      return this.#hasAnswered
        ? this.#fail('link-garbled', 'the unit answers, but not in valid T=1 blocks')
        : this.#fail('link-timeout', 'the unit does not answer');
    }
    this.#resynchs++;
    this.#phase = 'resynch';
    const bytes = encodeSBlock('resynch', false, 0, this.#edc);
    return { do: 'send', bytes, quietMs: DRAIN_SILENCE_MS, waitMs: this.#bwtMs };
  }

  #send(bytes: Bytes, waitMs = this.#bwtMs): HostAction {
    this.#last = { bytes, waitMs };
    return { do: 'send', bytes, quietMs: 0, waitMs };
  }

  /** Resets the count of repeats after a valid block. */
  #progress(): void {
    this.#repeats = 0;
    this.#hasAnswered = false;
  }

  #done(response: Bytes): HostAction {
    this.#phase = 'idle';
    this.#wipeCommand();
    this.#isCommandSent = false;
    this.#response = [];
    return { do: 'done', response };
  }

  #fail(code: 'link-garbled' | 'link-timeout' | 'link-echo', message: string): HostAction {
    this.#phase = 'closed';
    this.#wipeCommand();
    return { do: 'fail', code, message };
  }

  /** Wipes the last part of the command, which may contain a PIN. */
  #wipeCommand(): void {
    wipe(this.#part);
    this.#part = NOTHING;
    this.#command = undefined;
  }
}

/** Whether the first two received bytes occur in the sent block, which indicates a partial echo. */
function isPartOf(heard: readonly number[], sent: Uint8Array): boolean {
  const [first, second] = heard;
  if (first === undefined || second === undefined) return false;
  return sent.some((byte, index) => byte === first && sent[index + 1] === second);
}

function isResponse(block: T1Block, request: SBlock['request'], value = 0): boolean {
  return block.kind === 'S' && block.response && block.request === request && block.value === value;
}
