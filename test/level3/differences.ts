// Where a page sees something else of the real kernel (Debian 12, over USB/IP) than docs/reliability.md says of level 2, and which
// behaviours are not looked at there.

/** Differs from the fake as the sentence says, whatever level 2 shows. */
export const DIFFERENCES_OF_LEVEL_3: Readonly<Record<string, string>> = {
  'USB: unplugged by what is written':
    'USB/IP has confirmed the octets before the unit sees them and pulls its plug: the write succeeds, and the next read fails.',
  'serial: signals':
    'The unit sends no SERIAL_STATE, so that the kernel says that no data set is ready. The page does not ask.',
  'serial: the line says ParityError, and has parity':
    'cdc_acm counts the parity errors that SERIAL_STATE names and passes the octet on unmarked: the check of T=1 finds it, and the block is sent again.',
};

/** The kernel does as the fake does, where the one of level 2 does not. */
export const THE_SAME_AT_LEVEL_3: readonly string[] = [];

export const LEFT_OUT: Readonly<Record<string, string>> = {
  'USB: the interface is in use elsewhere': 'a unit cannot make its host busy; the serial driver’s interfaces are',
  'USB: the system does not let the browser open it': 'the browser of the guest is root’s, from whom nothing is kept',
  'serial: the port is in use elsewhere': 'a unit cannot make its host busy',
};
