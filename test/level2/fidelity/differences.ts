// Where the fake of level 1 differs from the real browser on Linux, on purpose, and why. Whatever is not named here is the same.

export const DIFFERENCES: Readonly<Record<string, string>> = {
  'USB: the configuration at first sight':
    'The fake begins unconfigured unless `configured` is given, so that the page must select it; Linux has selected it already.',
  'serial: the line says FramingError':
    'Linux marks framing errors as parity errors, and only on a line with parity. The fake fails the stream as Windows does.',
  'serial: an overrun of the line':
    'Linux drops octets and tells nobody. The fake fails the stream as Windows does; both ways the block is sent again.',
  'serial: more arrives than the buffer of 255 octets holds, and nobody reads':
    'On Linux the octets wait in the kernel. The fake overruns as Windows does: the unkinder of the two.',
};
