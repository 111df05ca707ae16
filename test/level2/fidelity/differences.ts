// Where the fake of level 1 differs from the real browser on Linux, on purpose, and why. Whatever is not named here is the same.

export const DIFFERENCES: Readonly<Record<string, string>> = {
  'USB: the configuration at first sight':
    'The fake begins unconfigured unless `configured` is given, so that the page must select it; Linux has selected it already.',
  'USB: released while a transfer is open':
    'The order of two promises that settle in the same moment: the fake ends the transfer first. Nobody waits for both.',
  'serial: the line says ParityError':
    'Linux checks parity only on a line that has one; at 8N1 the spoilt octet arrives. The fake fails the stream as Windows does.',
  'serial: the line says FramingError':
    'Linux marks framing errors as parity errors, and only on a line with parity. The fake fails the stream as Windows does.',
  'serial: an overrun of the line':
    'Linux drops octets and tells nobody. The fake fails the stream as Windows does; both ways the block is sent again.',
  'serial: more arrives than the buffer of 255 octets holds, and nobody reads':
    'On Linux the octets wait in the kernel. The fake overruns as Windows does: the unkinder of the two.',
  'serial: unplugged while a read is open':
    'Chromium gives a fresh writable where the fake gives null, and the event may come before the failed read. The page uses neither.',
  'serial: calls after the disconnect event':
    'Chromium keeps a lost port open until the page closes it, and takes a write into the void; the fake closes it at once. The page closes it in either case.',
};
