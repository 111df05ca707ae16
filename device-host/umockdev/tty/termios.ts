// Decodes struct termios2 of Linux (asm-generic/termbits.h), and lists the ioctls of a tty
// (asm-generic/ioctls.h).
import type { LineCoding } from '../../gadget/serial-function.ts';

export const TERMIOS_LENGTH = 36;
/** Length of struct termios2, which ends with the two speeds as numbers. */
export const TERMIOS2_LENGTH = 44;

export const TtyRequest = {
  TCGETS: 0x5401,
  TCSETS: 0x5402,
  TCSETSW: 0x5403,
  TCSETSF: 0x5404,
  TCSBRK: 0x5409,
  TCFLSH: 0x540b,
  TIOCEXCL: 0x540c,
  TIOCNXCL: 0x540d,
  TIOCMGET: 0x5415,
  TIOCMBIS: 0x5416,
  TIOCMBIC: 0x5417,
  TIOCMSET: 0x5418,
  TIOCSBRK: 0x5427,
  TIOCCBRK: 0x5428,
  TCGETS2: 0x802c542a,
  TCSETS2: 0x402c542b,
  TCSETSW2: 0x402c542c,
  TCSETSF2: 0x402c542d,
} as const;

/** Bits of TIOCMGET, TIOCMSET, TIOCMBIS and TIOCMBIC. */
export const ModemBit = { DTR: 0x002, RTS: 0x004, CTS: 0x020, CD: 0x040, DSR: 0x100 } as const;

/** Argument of TCFLSH that flushes only the output. */
export const TCOFLUSH = 1;

/** Bits of c_iflag. */
const InputFlag = { IGNBRK: 0x01, BRKINT: 0x02, IGNPAR: 0x04, PARMRK: 0x08, INPCK: 0x10, ISTRIP: 0x20 } as const;

/** Bits of c_cflag. */
const ControlFlag = {
  CBAUD: 0x100f,
  BOTHER: 0x1000,
  CSIZE: 0x30,
  CS5: 0x00,
  CSTOPB: 0x40,
  PARENB: 0x100,
  PARODD: 0x200,
} as const;

const SPEEDS: Readonly<Record<number, number>> = {
  9: 1200,
  11: 2400,
  12: 4800,
  13: 9600,
  14: 19_200,
  15: 38_400,
  4097: 57_600,
  4098: 115_200,
  4099: 230_400,
  4100: 460_800,
  4103: 921_600,
};

/** Input modes of the line discipline (termios(3)). */
export interface InputModes {
  readonly ignoresBreaks: boolean;
  readonly signalsBreaks: boolean;
  readonly ignoresErrors: boolean;
  readonly marksErrors: boolean;
  readonly checksParity: boolean;
  readonly stripsEighthBit: boolean;
}

export function decodeInputModes(termios: Buffer): InputModes {
  const flags = termios.readUInt32LE(0);
  const has = (flag: number): boolean => (flags & flag) !== 0;
  return {
    ignoresBreaks: has(InputFlag.IGNBRK),
    signalsBreaks: has(InputFlag.BRKINT),
    ignoresErrors: has(InputFlag.IGNPAR),
    marksErrors: has(InputFlag.PARMRK),
    checksParity: has(InputFlag.INPCK),
    stripsEighthBit: has(InputFlag.ISTRIP),
  };
}

/** Decodes the line coding. Sets an unknown speed to 0, at which the unit does not receive. */
export function decodeLineCoding(termios: Buffer): LineCoding {
  const flags = termios.readUInt32LE(8);
  const speed = flags & ControlFlag.CBAUD;
  const isOther = speed === ControlFlag.BOTHER && termios.length >= TERMIOS2_LENGTH;
  const parity = (flags & ControlFlag.PARODD) === 0 ? 'even' : 'odd';
  return {
    baudRate: isOther ? termios.readUInt32LE(40) : (SPEEDS[speed] ?? 0),
    dataBits: 5 + ((flags & ControlFlag.CSIZE) >> 4),
    parity: (flags & ControlFlag.PARENB) === 0 ? 'none' : parity,
    stopBits: (flags & ControlFlag.CSTOPB) === 0 ? 1 : 2,
  };
}

/**
 * Returns the settings of a port after power-up: 9600 8N1, and errors are neither marked nor
 * checked.
 */
export function initialTermios(): Buffer {
  const termios = Buffer.alloc(TERMIOS2_LENGTH);
  const [B9600, CS8, CREAD, HUPCL, CLOCAL] = [0x0d, 0x30, 0x80, 0x400, 0x800];
  termios.writeUInt32LE(B9600 | CS8 | CREAD | HUPCL | CLOCAL, 8);
  termios.writeUInt32LE(9600, 36);
  termios.writeUInt32LE(9600, 40);
  return termios;
}
