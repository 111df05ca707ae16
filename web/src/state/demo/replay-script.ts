// Computes faults from the recorded exchanges of a failed load. With these faults, a simulated unit
// or the AS ends a load in the same way. Compares commands, not APDUs, because one unit takes a
// long command in one APDU and another in several.
import { ProtocolError } from '#protocol/errors.ts';
import type { Failure } from '../common/failure.ts';
import { isServiceCode, type ServiceFault } from './service-fault.ts';

/** An exchange as the support file records it. */
export interface RecordedExchange {
  readonly ins: number;
  /** Whether this is a part of a command chain, but not the last part. */
  readonly isPart: boolean;
  /** Undefined if the link failed before the response. */
  readonly statusWord: number | undefined;
}

/** The faults of the simulated unit that a replay uses (device-sim/unit/faults.ts). */
export type ReplayFault =
  | { readonly fault: 'refuse'; readonly ins: number; readonly statusWord: number; readonly skip: number }
  | {
      readonly fault: 'outage';
      readonly ins: number;
      readonly effect: 'unplug' | 'silence' | 'noise';
      readonly lasting: boolean;
      readonly skip: number;
    }
  | {
      readonly fault: 'altered answer';
      readonly ins: number;
      readonly effect: 'last byte' | 'shorter';
      readonly skip: number;
    };

export interface ReplayScript {
  /** In the sequence in which they occur. */
  readonly faults: readonly ReplayFault[];
  readonly service?: ServiceFault | undefined;
}

const SUCCESS = 0x9000;
const GET_CHALLENGE = 0x84;
const IMPORTKEY = 0xd8;
const GET_RECEIPT = 0xcb;
const GET_RESPONSE = 0xc0;

const OUTAGES = { 'device-lost': 'unplug', 'link-timeout': 'silence', 'link-garbled': 'noise' } as const;

/**
 * How a failure is repeated by altering a response: the commands whose response is altered, and the
 * altered part.
 */
const ALTERED = {
  'receipt-refused': { commands: [IMPORTKEY, GET_RECEIPT], effect: 'last byte' },
  'challenge-refused': { commands: [GET_CHALLENGE], effect: 'last byte' },
  'unit-nonsense': { commands: [GET_CHALLENGE, IMPORTKEY, GET_RECEIPT], effect: 'shorter' },
} as const;

/**
 * @throws ProtocolError file-refused if neither the unit, nor its link, nor the AS ended the load, or
 *   if the exchanges do not show how
 */
export function replayScript(exchanges: readonly RecordedExchange[], end: Failure): ReplayScript {
  const { code } = end;
  const events = interruptions(exchanges, end);
  if (isOutage(code)) {
    if (!events.some(({ fault }) => fault === 'outage')) throw unexplained(code);
    return { faults: events };
  }
  if (isAltered(code)) return { faults: isExplained(events, code) ? events : [...events, alteration(exchanges, code)] };
  if (code === 'status-word' && events.length > 0) return { faults: events };
  if (code === 'no-receipt') {
    if (events.some(({ ins }) => ins === IMPORTKEY)) return { faults: events };
    // The unit answered IMPORTKEY, but the page could not use the answer.
    return { faults: [alteration(exchanges, 'unit-nonsense', [IMPORTKEY]), ...events] };
  }
  if (!isServiceCode(code)) throw unexplained(code);
  const isImported = successes(exchanges, IMPORTKEY) > 0;
  return { faults: events, service: { path: isImported ? '/v1/receipts' : '/v1/exports', code } };
}

function isOutage(code: string): code is keyof typeof OUTAGES {
  return Object.hasOwn(OUTAGES, code);
}

function isAltered(code: string): code is keyof typeof ALTERED {
  return Object.hasOwn(ALTERED, code);
}

/**
 * Converts each exchange without success into a fault. The position of a fault is counted from the
 * fault before it.
 */
function interruptions(exchanges: readonly RecordedExchange[], end: Failure): readonly ReplayFault[] {
  const faults: ReplayFault[] = [];
  const last = exchanges.map(({ statusWord }) => statusWord).lastIndexOf(undefined);
  let passed = new Map<number, number>();
  for (const [index, { ins, isPart, statusWord }] of exchanges.entries()) {
    const skip = passed.get(ins) ?? 0;
    if (statusWord === SUCCESS || (statusWord !== undefined && isContinued(exchanges, index))) {
      if (!isPart) passed.set(ins, skip + 1);
      continue;
    }
    if (statusWord !== undefined) {
      faults.push({ fault: 'refuse', ins, statusWord, skip });
    } else {
      const effect = index === last || end.code !== 'device-lost' ? effectOf(end) : 'silence';
      // An outage that ended the recorded load is permanent in the simulation.
      const lasting = effect !== 'unplug' && index === exchanges.length - 1 && isOutage(end.code);
      faults.push({ fault: 'outage', ins, effect, lasting, skip });
    }
    passed = new Map();
  }
  return faults;
}

function effectOf({ code }: Failure): 'unplug' | 'silence' | 'noise' {
  return isOutage(code) ? OUTAGES[code] : 'silence';
}

/** Whether GET RESPONSE has fetched the rest of the response. */
function isContinued(exchanges: readonly RecordedExchange[], index: number): boolean {
  const isPartial = (at: number): boolean => (exchanges[at]?.statusWord ?? 0) >> 8 === 0x61;
  let at = index;
  while (isPartial(at) && exchanges[at + 1]?.ins === GET_RESPONSE) at++;
  return at > index && exchanges[at]?.statusWord === SUCCESS;
}

/**
 * Whether the faults alone make the page end with `unit-nonsense`: GET RESPONSE fails after 61xx, or
 * the command is refused after 6Cxx (protocol/apdu/chaining.ts).
 */
function isExplained(faults: readonly ReplayFault[], code: string): boolean {
  if (code !== 'unit-nonsense') return false;
  return faults.some((fault) => fault.fault === 'refuse' && [0x61, 0x6c].includes(fault.statusWord >> 8));
}

/** Alters the last response that can cause this failure. */
function alteration(
  exchanges: readonly RecordedExchange[],
  code: keyof typeof ALTERED,
  known: readonly number[] = ALTERED[code].commands,
): ReplayFault {
  const { effect } = ALTERED[code];
  const altered = exchanges.filter((exchange) => known.includes(exchange.ins) && isSuccess(exchange)).at(-1);
  if (altered === undefined) throw unexplained(code);
  const since = exchanges.map(({ statusWord }) => statusWord === SUCCESS).lastIndexOf(false) + 1;
  const skip = successes(exchanges.slice(since), altered.ins) - 1;
  return { fault: 'altered answer', ins: altered.ins, effect, skip: Math.max(0, skip) };
}

function successes(exchanges: readonly RecordedExchange[], wanted: number): number {
  return exchanges.filter((exchange) => exchange.ins === wanted && isSuccess(exchange)).length;
}

/** Whether a whole command succeeded. */
function isSuccess({ isPart, statusWord }: RecordedExchange): boolean {
  return !isPart && statusWord === SUCCESS;
}

function unexplained(code: string): ProtocolError {
  return new ProtocolError('file-refused', `the exchanges do not show how the load ended with ${code}`);
}
