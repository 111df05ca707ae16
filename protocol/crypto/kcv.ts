// Key check values, which identify a key without revealing it (docs/protocol.md clause 3.7). For
// AES keys they are computed by CMAC (X9.143 optional block KC, type 01), for other keys by
// SHA-256.
import { type Bytes, concat, wipe } from '../bytes/bytes.ts';
import { ascii } from '../bytes/text.ts';
import { cmac, sha256 } from './prf.ts';

/** KCVALG: 00 no key (erased slot), 01 CMAC of a zero block, 02 SHA-256. */
export type KcvAlgorithm = 0x00 | 0x01 | 0x02;

/** Returns the first 5 bytes of CMAC(key, 16 × 00). `key` has 16, 24 or 32 bytes. */
export function aesKcv(key: Uint8Array): Bytes {
  return firstFive(cmac({ key, message: new Uint8Array(16) }));
}

/** Returns the first 5 bytes of SHA-256("TKL1KCV" ‖ 00 ‖ key), for a key that is not an AES key. */
export function hashKcv(key: Uint8Array): Bytes {
  const message = concat(ascii('TKL1KCV'), 0x00, key);
  try {
    return firstFive(sha256(message));
  } finally {
    wipe(message);
  }
}

function firstFive(full: Bytes): Bytes {
  const kcv = full.slice(0, 5);
  wipe(full);
  return kcv;
}
