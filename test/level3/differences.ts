// Where a page sees something else of the real kernel (Debian 12, over USB/IP) than docs/reliability.md says of level 2, and which
// behaviours are not looked at there.

/** Differs from the fake as the sentence says, whatever level 2 shows. */
export const DIFFERENCES_OF_LEVEL_3: Readonly<Record<string, string>> = {
  'USB: unplugged by what is written':
    'USB/IP has confirmed the octets before the unit sees them and pulls its plug: the write succeeds, and the next read fails.',
  'serial: signals':
    'The unit sends no SERIAL_STATE, so that the kernel says that no data set is ready. The page does not ask.',
};

/** The kernel does as the fake does, where the one of level 2 does not. */
export const THE_SAME_AT_LEVEL_3: readonly string[] = [];

const NOT_TRIED = 'not compared on the emulated machine';

export const LEFT_OUT: Readonly<Record<string, string>> = {
  'USB: the interface is in use elsewhere': 'a unit cannot make its host busy; the serial driver’s interfaces are',
  'USB: the system does not let the browser open it': 'the browser of the guest is root’s, from whom nothing is kept',
  'serial: the port is in use elsewhere': 'a unit cannot make its host busy',
  'serial: the line says ParityError, and has parity': NOT_TRIED,
  'serial: the line says BreakError': NOT_TRIED,
  'serial: the line says ParityError': NOT_TRIED,
  'serial: the line says FramingError': NOT_TRIED,
  'serial: an overrun of the line': NOT_TRIED,
  'serial: more arrives than the buffer of 255 octets holds, and nobody reads': NOT_TRIED,
  'serial: unplugged while a read is open': NOT_TRIED,
  'serial: unplugged while it is open and nothing is asked': NOT_TRIED,
  'serial: unplugged by what is written': NOT_TRIED,
  'serial: calls after the disconnect event': NOT_TRIED,
  'serial: plugged in again': NOT_TRIED,
  'serial: cancelled and closed with a read open': NOT_TRIED,
};
