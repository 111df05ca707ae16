// Proof that the log contains an entry, as a text that a reader verifies without a network (C2SP
// tlog-proof): index, inclusion proof and checkpoint.
import { IntegrityError } from '../errors.ts';
import { fromBase64, toBase64 } from './base64.ts';
import { HASH_LENGTH } from './merkle.ts';

const FORMAT = 'c2sp.org/tlog-proof@v1';
/** Maximum number of hashes in an inclusion proof: the height of the tallest tree. */
const MAX_HASHES = 63;

export interface LogProof {
  readonly index: number;
  readonly hashes: readonly Uint8Array[];
  /** The signed note of a tree that contains the entry. */
  readonly checkpoint: string;
}

export function encodeLogProof({ index, hashes, checkpoint }: LogProof): string {
  return [FORMAT, `index ${index}`, ...hashes.map(toBase64), '', checkpoint].join('\n');
}

/** Verifies nothing. Ignores the extra data. @throws IntegrityError for a text that is malformed */
export function decodeLogProof(text: string): LogProof {
  const [, index = '', lines = '', checkpoint = ''] = PATTERN.exec(text) ?? [];
  const hashes = lines.split('\n').filter((line) => line !== '');
  if (index === '' || !Number.isSafeInteger(Number(index)) || hashes.length > MAX_HASHES) throw new IntegrityError();
  return { index: Number(index), hashes: hashes.map(decode), checkpoint };
}

const PATTERN =
  /^c2sp\.org\/tlog-proof@v1\n(?:extra [\w+/=]*\n)?index (0|[1-9]\d{0,15})\n((?:[\w+/=]+\n)*)\n([\s\S]+)$/;

function decode(base64: string): Uint8Array {
  try {
    const hash = fromBase64(base64);
    if (hash.length === HASH_LENGTH) return hash;
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
  }
  throw new IntegrityError();
}
