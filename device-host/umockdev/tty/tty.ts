// A tty of Linux in front of a unit. Handles the ioctls, reads and writes on the files that
// programs have open. host-file.ts delivers the calls.
import type { LineError } from '#device-sim/unit/faults.ts';
import { CORRUPT_BYTE } from '#device-sim/unit/serial-line.ts';
import { type Bytes, concat } from '#protocol/bytes/bytes.ts';
import type { SerialFunction } from '../../gadget/serial-function.ts';
import type { Outcome } from '../testbed/errno.ts';
import type { FileOperations, ProgramMemory } from '../testbed/host-file.ts';
import { breakInput, dataInput, errorInput } from './line-discipline.ts';
import {
  decodeInputModes,
  decodeLineCoding,
  initialTermios,
  ModemBit,
  TCOFLUSH,
  TERMIOS_LENGTH,
  TERMIOS2_LENGTH,
  TtyRequest,
} from './termios.ts';

/** Modem bits that are always set: the unit is connected and ready to receive. */
const CARRIERS = ModemBit.CTS | ModemBit.DSR;

/** Takes the input of a tty for a program that reads the file itself. */
export interface InputSink {
  feed(bytes: Bytes): void;
  /** Discards the input that was not read. */
  drain(): void;
}

export interface TtyOptions {
  readonly line: SerialFunction;
  /** Whether another program has opened the port. */
  readonly isBusy: () => boolean;
  /** Called when the input becomes readable, and when it becomes empty. */
  readonly onReadiness: (readable: boolean) => void;
  /** Defined if umockdev does not forward the program's reads (see AttachmentOptions.readsFile). */
  readonly sink?: InputSink | undefined;
}

export class Tty {
  readonly #options: TtyOptions;
  readonly #files = new Set<FileOperations>();
  #termios = initialTermios();
  #signals = 0;
  #input: Bytes = concat();
  #isExclusive = false;
  #isHungUp = false;
  #hasReadEnd = false;

  constructor(options: TtyOptions) {
    this.#options = options;
    options.line.onSend = (bytes) => this.#receive(dataInput(bytes, decodeInputModes(this.#termios)));
    options.line.onLineError = (error) => this.#receiveError(error);
  }

  /**
   * Opens a file. DTR and RTS rise when the first file is opened and fall when the last one is
   * closed (HUPCL).
   */
  open(): FileOperations {
    const isRefused = this.#options.isBusy() || this.#isExclusive;
    const operations: FileOperations = {
      ioctl: (request, argument, memory) => (isRefused ? 'EBUSY' : this.#ioctl(request, argument, memory)),
      read: (length) => this.#read(length),
      write: (bytes) => this.#write(bytes),
      close: () => this.#close(operations),
    };
    if (!isRefused) {
      if (this.#files.size === 0 && !this.#isHungUp) this.#setSignals(ModemBit.DTR | ModemBit.RTS);
      this.#files.add(operations);
    }
    return operations;
  }

  /**
   * Whether the port has hung up, a program has it open, and no program has read the end of the
   * file yet.
   */
  get hasUnreadEnd(): boolean {
    return this.#isHungUp && this.#files.size > 0 && !this.#hasReadEnd;
  }

  /**
   * Called when the driver has detected the unplug. Reads then return the end of the file, and
   * other calls fail.
   */
  hangUp(): void {
    this.#isHungUp = true;
    this.#input = concat();
    this.#options.onReadiness(true);
  }

  #read(length: number): Bytes | 'EAGAIN' {
    if (this.#isHungUp) {
      this.#hasReadEnd = true;
      return concat();
    }
    if (this.#input.length === 0) return 'EAGAIN';
    const taken = this.#input.slice(0, length);
    this.#setInput(this.#input.slice(length));
    return taken;
  }

  #write(bytes: Bytes): Outcome {
    if (this.#isHungUp) return 'EIO';
    // The unit receives the bytes later, so that the system call returns first.
    setImmediate(() => this.#options.line.receive(bytes));
    return bytes.length;
  }

  async #ioctl(request: number, argument: bigint, memory: ProgramMemory): Promise<Outcome> {
    if (this.#isHungUp) return 'EIO';
    switch (request) {
      case TtyRequest.TCGETS:
        memory.write(argument, this.#termios.subarray(0, TERMIOS_LENGTH));
        return 0;
      case TtyRequest.TCGETS2:
        memory.write(argument, this.#termios);
        return 0;
      case TtyRequest.TCSETS:
      case TtyRequest.TCSETSW:
      case TtyRequest.TCSETSF:
        this.#setTermios(await memory.read(argument, TERMIOS_LENGTH));
        return 0;
      case TtyRequest.TCSETS2:
      case TtyRequest.TCSETSW2:
      case TtyRequest.TCSETSF2:
        this.#setTermios(await memory.read(argument, TERMIOS2_LENGTH));
        return 0;
      case TtyRequest.TIOCEXCL:
      case TtyRequest.TIOCNXCL:
        this.#isExclusive = request === TtyRequest.TIOCEXCL;
        return 0;
      case TtyRequest.TCFLSH:
        if (argument !== BigInt(TCOFLUSH)) this.#setInput(concat());
        return 0;
      case TtyRequest.TCSBRK:
      case TtyRequest.TIOCSBRK:
      case TtyRequest.TIOCCBRK:
        // The unit ignores a break.
        return 0;
      default:
        return await this.#modem(request, argument, memory);
    }
  }

  async #modem(request: number, argument: bigint, memory: ProgramMemory): Promise<Outcome> {
    if (request === TtyRequest.TIOCMGET) {
      const bits = Buffer.alloc(4);
      bits.writeUInt32LE(this.#signals | CARRIERS);
      memory.write(argument, bits);
      return 0;
    }
    const change: Partial<Record<number, (bits: number) => number>> = {
      [TtyRequest.TIOCMSET]: (bits) => bits,
      [TtyRequest.TIOCMBIS]: (bits) => this.#signals | bits,
      [TtyRequest.TIOCMBIC]: (bits) => this.#signals & ~bits,
    };
    const changed = change[request];
    if (changed === undefined) return 'ENOTTY';
    this.#setSignals(changed((await memory.read(argument, 4)).readUInt32LE()) & (ModemBit.DTR | ModemBit.RTS));
    return 0;
  }

  #setTermios(termios: Buffer): void {
    termios.copy(this.#termios);
    this.#options.line.setCoding(decodeLineCoding(termios));
  }

  #setSignals(signals: number): void {
    this.#signals = signals;
    this.#options.line.setSignals({
      dataTerminalReady: (signals & ModemBit.DTR) !== 0,
      requestToSend: (signals & ModemBit.RTS) !== 0,
    });
  }

  #receiveError(error: LineError): void {
    const modes = decodeInputModes(this.#termios);
    if (error === 'BreakError') this.#receive(breakInput(modes));
    // An overrun of the port's buffer loses the bytes. Linux does not report the loss to the
    // program.
    else if (error !== 'BufferOverrunError') this.#receive(errorInput(CORRUPT_BYTE, modes));
  }

  /** Appends to the input. Drops the bytes if no program has opened the port. */
  #receive(bytes: Bytes): void {
    if (this.#files.size === 0 || this.#isHungUp) return;
    if (this.#options.sink !== undefined) this.#options.sink.feed(bytes);
    else this.#setInput(concat(this.#input, bytes));
  }

  #setInput(input: Bytes): void {
    this.#input = input;
    if (input.length === 0) this.#options.sink?.drain();
    this.#options.onReadiness(input.length > 0);
  }

  #close(file: FileOperations): void {
    if (!this.#files.delete(file) || this.#files.size > 0 || this.#isHungUp) return;
    this.#isExclusive = false;
    this.#setInput(concat());
    this.#setSignals(0);
  }
}
