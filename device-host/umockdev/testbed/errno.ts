// The Linux error numbers that the simulated kernel returns (asm-generic/errno.h).

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

/** The result of a system call: its return value, or the name of an error number. */
export type Outcome = number | ErrnoName;
