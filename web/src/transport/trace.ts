// Redacts the exchanges with a unit for the trace, which an engineer may pass on (docs/protocol.md
// clause 4). Shows headers, status words and public fields in full, and all other data only as a
// length or a hash. Never shows more of a PIN than its length.
import type { Transmit } from '#protocol/apdu/transmit.ts';
import { toHex } from '#protocol/bytes/hex.ts';
import { readU16 } from '#protocol/bytes/integers.ts';
import { sha256 } from '#protocol/crypto/prf.ts';

export interface Exchange {
  /** Name of the command in docs/protocol.md. For an unknown command, its INS. */
  readonly command: string;
  /** CLA INS P1 P2. */
  readonly header: string;
  /** The command's data field, redacted; empty without data. */
  readonly request: string;
  /** The response's data field, redacted; empty without data. */
  readonly answer: string;
  /** Absent if the link failed before the response. */
  readonly statusWord?: number;
  /** ISO 8601, UTC. */
  readonly at: string;
  /** True if it belongs to a command that the operator has sent from the console. */
  readonly isByHand?: boolean;
}

type Redact = (data: Uint8Array) => string;

/**
 * Length in bytes of the public part at the beginning of DATA (its HDR) and of a receipt (the
 * fields before its MAC). See docs/protocol.md clause 3.
 */
const PUBLIC_BYTES = 48;

const lengthOnly: Redact = (data) => (data.length === 0 ? '' : `(${data.length} bytes)`);

const whole: Redact = (data) => toHex(data);

/**
 * Shows length and hash. Used only for random or encrypted data, because their hash reveals only
 * whether two values are equal.
 */
const hashed: Redact = (data) =>
  data.length === 0 ? '' : `(${data.length} bytes, SHA-256 ${toHex(sha256(data).subarray(0, 4))}…)`;

/**
 * Shows the public beginning of DATA, which starts with "TKL1", and of a receipt, which starts with
 * "TKR1". The later parts of a command chain start with other bytes and are hashed.
 */
const publicStart: Redact = (data) => {
  const magic = toHex(data.subarray(0, 4));
  if (data.length < PUBLIC_BYTES || (magic !== '544B4C31' && magic !== '544B5231')) return hashed(data);
  return `${toHex(data.subarray(0, PUBLIC_BYTES))} ${hashed(data.subarray(PUBLIC_BYTES))}`;
};

interface Row {
  readonly command: string;
  readonly request: Redact;
  readonly answer: Redact;
}

/**
 * The key of a row is CLA without the chaining bit, INS and optionally P1 P2. A row with P1 P2
 * takes precedence. Commands without a row show lengths only.
 */
const TABLE: Record<string, Row> = {
  '00A4': { command: 'SELECT', request: whole, answer: whole },
  '00C0': { command: 'GET RESPONSE', request: lengthOnly, answer: lengthOnly },
  '80CA': { command: 'GET IDENTITY', request: lengthOnly, answer: whole },
  '80CA0001': { command: 'GET DATA', request: lengthOnly, answer: whole }, // a command of AS token cards
  '8084': { command: 'GET CHALLENGE', request: lengthOnly, answer: hashed },
  '80DA': { command: 'EXPORTKEY', request: hashed, answer: publicStart },
  '80D8': { command: 'IMPORTKEY', request: publicStart, answer: publicStart },
  '80CB': { command: 'GET RECEIPT', request: lengthOnly, answer: publicStart },
  '80DC': { command: 'VERIFYRECEIPT', request: publicStart, answer: lengthOnly },
  '80CE': { command: 'IDENTIFY', request: lengthOnly, answer: lengthOnly },
  '0020': { command: 'VERIFY', request: lengthOnly, answer: lengthOnly },
  '0024': { command: 'CHANGE REFERENCE DATA', request: lengthOnly, answer: lengthOnly },
};

const CHAINING = 0x10;

/** Data field of a command APDU (ISO/IEC 7816-3 clause 12.1.3). Empty if malformed. */
function dataField(apdu: Uint8Array): Uint8Array {
  const short = apdu[4] ?? 0;
  if (short !== 0) return apdu.length > 5 ? apdu.subarray(5, 5 + short) : new Uint8Array();
  return apdu.length > 7 ? apdu.subarray(7, 7 + readU16(apdu, 5)) : new Uint8Array();
}

/** Redacts one exchange. `response` is undefined if the link failed before it. */
export function redact(command: Uint8Array, response: Uint8Array | undefined, at: Date): Exchange {
  const cla = command[0] ?? 0;
  const [, ins = 0, p1 = 0, p2 = 0] = command;
  const key = toHex(Uint8Array.of(cla & ~CHAINING, ins, p1, p2));
  const unknown: Row = { command: `INS ${key.slice(2, 4)}`, request: lengthOnly, answer: lengthOnly };
  const row = TABLE[key] ?? TABLE[key.slice(0, 4)] ?? unknown;
  const exchange = {
    command: row.command,
    header: toHex(command.subarray(0, 4)),
    request: row.request(dataField(command)),
    at: at.toISOString(),
  };
  if (response === undefined || response.length < 2) return { ...exchange, answer: '' };
  const answer = row.answer(response.subarray(0, -2));
  return { ...exchange, answer, statusWord: readU16(response, response.length - 2) };
}

/** Wraps a Transmit so that it reports each exchange, redacted, when it has ended. */
export function traced(transmit: Transmit, onExchange: (exchange: Exchange) => void, now: () => Date): Transmit {
  return async (command) => {
    let response: Uint8Array | undefined;
    try {
      const answered = await transmit(command);
      response = answered;
      return answered;
    } finally {
      onExchange(redact(command, response, now()));
    }
  };
}
