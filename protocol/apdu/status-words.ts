// The status words SW1 SW2 with their meaning and source (ISO/IEC 7816-4 clause 5.6,
// docs/protocol.md clause 4). The meanings are for engineers. web/src/ui/messages has the sentences
// for operators.
import { formatStatusWord } from './status-word.ts';

export interface StatusWord {
  /** Four hex digits; X matches any digit. */
  readonly pattern: string;
  readonly meaning: string;
  /** Clause of ISO/IEC 7816-4 or of docs/protocol.md. */
  readonly clause: string;
}

const ISO = 'ISO/IEC 7816-4 clause 5.6';
const TKL = 'docs/protocol.md clause 4';

/** The first matching entry applies, so exact status words precede patterns with X. */
export const STATUS_WORDS: readonly StatusWord[] = [
  { pattern: '9000', meaning: 'done', clause: ISO },
  { pattern: '61XX', meaning: 'done, GET RESPONSE returns XX more bytes', clause: ISO },
  { pattern: '6281', meaning: 'warning: part of the data may be corrupted', clause: ISO },
  { pattern: '6282', meaning: 'warning: the end was reached before Ne bytes', clause: ISO },
  { pattern: '6283', meaning: 'warning: the selected application is deactivated', clause: ISO },
  { pattern: '62XX', meaning: 'warning: memory unchanged', clause: ISO },
  { pattern: '63CX', meaning: 'verification failed, X tries are left', clause: ISO },
  { pattern: '63XX', meaning: 'warning: memory changed', clause: ISO },
  { pattern: '64XX', meaning: 'execution error, memory unchanged', clause: ISO },
  { pattern: '6581', meaning: 'memory failure', clause: ISO },
  { pattern: '65XX', meaning: 'execution error, memory changed', clause: ISO },
  { pattern: '66XX', meaning: 'execution error, security', clause: ISO },
  { pattern: '6700', meaning: 'wrong length', clause: ISO },
  { pattern: '6881', meaning: 'logical channel not supported', clause: ISO },
  { pattern: '6882', meaning: 'secure messaging not supported', clause: ISO },
  { pattern: '6883', meaning: 'last command of the chain expected', clause: ISO },
  { pattern: '6884', meaning: 'command chaining not supported', clause: ISO },
  { pattern: '68XX', meaning: 'function in CLA not supported', clause: ISO },
  { pattern: '6981', meaning: 'command incompatible with file structure', clause: ISO },
  { pattern: '6982', meaning: 'not authorised (PIN, policy or quota)', clause: TKL },
  { pattern: '6983', meaning: 'authentication method blocked', clause: ISO },
  { pattern: '6984', meaning: 'reference data not usable', clause: ISO },
  { pattern: '6985', meaning: 'conditions of use not satisfied', clause: ISO },
  { pattern: '6986', meaning: 'command not allowed, nothing selected', clause: ISO },
  { pattern: '6987', meaning: 'secure messaging data objects missing', clause: ISO },
  { pattern: '6988', meaning: 'authentication failed: a check that depends on a key', clause: TKL },
  { pattern: '69XX', meaning: 'command not allowed', clause: ISO },
  { pattern: '6A80', meaning: 'wrong format in the data field', clause: ISO },
  { pattern: '6A81', meaning: 'function not supported', clause: ISO },
  { pattern: '6A82', meaning: 'application or file not found', clause: ISO },
  { pattern: '6A83', meaning: 'record not found', clause: ISO },
  { pattern: '6A84', meaning: 'not enough memory space', clause: ISO },
  { pattern: '6A86', meaning: 'wrong P1 or P2', clause: ISO },
  { pattern: '6A87', meaning: 'Nc inconsistent with P1 and P2', clause: ISO },
  { pattern: '6A88', meaning: 'referenced data not found: slot, key version or reference', clause: TKL },
  { pattern: '6AXX', meaning: 'wrong parameters', clause: ISO },
  { pattern: '6B00', meaning: 'wrong P1 or P2', clause: ISO },
  { pattern: '6CXX', meaning: 'wrong Le, XX bytes are available', clause: ISO },
  { pattern: '6D00', meaning: 'instruction not supported', clause: ISO },
  { pattern: '6E00', meaning: 'class not supported, or the application is not selected', clause: TKL },
  { pattern: '6F00', meaning: 'no precise diagnosis', clause: ISO },
  { pattern: '9401', meaning: 'the AS does not permit the key in this slot', clause: TKL },
  { pattern: '9402', meaning: 'the key version is not greater than that of the slot', clause: TKL },
];

/** Returns the first matching entry; undefined for a status word that neither standard defines. */
export function findStatusWord(sw: number): StatusWord | undefined {
  const digits = formatStatusWord(sw);
  return STATUS_WORDS.find(({ pattern }) =>
    [...pattern].every((digit, index) => digit === 'X' || digit === digits[index]),
  );
}
