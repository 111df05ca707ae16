// The intended differences between the fake of level 1 and the real browser on Linux, with their
// reasons. All other behaviours are the same.

export const DIFFERENCES: Readonly<Record<string, string>> = {
  'USB: the initial configuration':
    'The fake starts unconfigured unless `configured` is set, so that the page must select the configuration; Linux has selected it.',
  'serial: FramingError':
    'Linux marks framing errors as parity errors, and only on a line with parity. The fake errors the stream as Windows does.',
  'serial: BufferOverrunError':
    'Linux drops bytes and does not report it. The fake errors the stream as Windows does; in both cases the block is sent again.',
  'serial: more bytes than the buffer of 255 bytes, without a read':
    'On Linux the bytes wait in the kernel. The fake overruns as Windows does, which is the harder case.',
};
