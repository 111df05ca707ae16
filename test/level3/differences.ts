// Lists the behaviours at level 3 (Debian 12's kernel, over USB/IP) that differ from the column of
// level 2 in docs/reliability.md. Also lists the behaviours that level 3 does not compare.

/**
 * Behaviours that differ from the fake at level 3, with the explanation. At level 2 they may be the
 * same.
 */
export const DIFFERENCES_OF_LEVEL_3: Readonly<Record<string, string>> = {
  'USB: unplug during a write':
    'USB/IP confirms the bytes before the unit receives them and unplugs: the write succeeds, and the next read fails.',
  'serial: signals':
    'The unit sends no SERIAL_STATE, so the kernel reports that no data set is ready. The page does not read this signal.',
  'serial: ParityError on a line with parity':
    'cdc_acm counts the parity errors of SERIAL_STATE and delivers the byte unmarked: the check of T=1 fails, and the block is sent again.',
};

/** Behaviours that are the same as the fake at level 3 but differ at level 2. */
export const THE_SAME_AT_LEVEL_3: readonly string[] = [];

/** Behaviours that level 3 does not compare, with the reason. */
export const NOT_COMPARED: Readonly<Record<string, string>> = {
  'USB: the interface is in use by another program':
    'a unit cannot make its host busy; only the interfaces of the serial driver are busy',
  'USB: the system denies access': 'the guest’s browser runs as root, to whom access is never denied',
  'serial: the port is in use by another program': 'a unit cannot make its host busy',
};
