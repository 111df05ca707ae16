// The error numbers of Linux that the simulated kernel answers with (asm-generic/errno.h).

export const Errno = {
  ENOENT: 2,
  EIO: 5,
  EAGAIN: 11,
  EBUSY: 16,
  ENODEV: 19,
  EINVAL: 22,
  ENOTTY: 25,
  EPIPE: 32,
  ENODATA: 61,
  EPROTO: 71,
  EOVERFLOW: 75,
} as const;

export type ErrnoName = keyof typeof Errno;

/** What a system call comes back with: its value, or the name of why not. */
export type Outcome = number | ErrnoName;
