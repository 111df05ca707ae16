// What the browser's exceptions mean, in one table (docs/adr on browser errors). WebUSB and Web Serial name few things: the same
// NetworkError stands for "in use elsewhere" and for "unplugged", so the moment, the link and the platform decide with it.
// Knows no operator's words.
import { type LinkErrorCode, ProtocolError } from '#protocol/errors.ts';
import type { LinkKind } from './link.ts';
import type { Presence } from './presence.ts';
import { type After, within } from './timer.ts';

export type Platform = 'windows' | 'linux' | 'macos' | 'chromeos' | 'android' | 'other';

/** `choose`: the chooser; `open`: until the port is open; `claim`: the USB interface; `transfer`: afterwards. */
export type Moment = 'choose' | 'open' | 'claim' | 'transfer';

export interface ErrorContext {
  readonly moment: Moment;
  readonly kind: LinkKind;
  readonly platform: Platform;
}

interface Row extends Partial<ErrorContext> {
  readonly name: string;
  readonly code: LinkErrorCode;
}

/** The first row that fits counts; a field that is absent fits everything. */
const TABLE: readonly Row[] = [
  { name: 'SecurityError', moment: 'choose', code: 'browser-unsupported' }, // a permissions policy or an insecure page
  { name: 'SecurityError', moment: 'claim', code: 'protected-class' },
  { name: 'SecurityError', moment: 'open', kind: 'usb', platform: 'windows', code: 'driver-missing' },
  { name: 'SecurityError', code: 'access-denied' },
  { name: 'NotFoundError', code: 'device-lost' },
  { name: 'InvalidStateError', moment: 'open', code: 'device-busy' },
  { name: 'InvalidStateError', moment: 'claim', code: 'device-busy' },
  { name: 'InvalidStateError', moment: 'transfer', code: 'device-lost' }, // the browser closes a handle whose unit went
  { name: 'NetworkError', moment: 'open', code: 'device-busy' },
  { name: 'NetworkError', moment: 'claim', code: 'device-busy' },
  { name: 'NetworkError', moment: 'transfer', kind: 'serial', code: 'device-lost' },
  { name: 'NetworkError', moment: 'transfer', kind: 'usb', code: 'link-garbled' }, // unplugged: see LOSS_NOTICE_MS
  { name: 'AbortError', code: 'device-lost' },
];

/** In a row that none of the names above fits: Chromium's UnknownError and whatever comes later. */
const OTHERWISE: Record<Moment, LinkErrorCode> = {
  choose: 'browser-unsupported',
  open: 'device-busy',
  claim: 'device-busy',
  transfer: 'link-garbled',
};

/** A NetworkError comes before the disconnect event that explains it: this long the event is waited for. */
export const LOSS_NOTICE_MS = 500;

/** The code of a DOMException's name in its context, the unit being attached. */
export function codeOf(name: string, context: ErrorContext): LinkErrorCode {
  const fits = (row: Row): boolean =>
    row.name === name &&
    (row.moment ?? context.moment) === context.moment &&
    (row.kind ?? context.kind) === context.kind &&
    (row.platform ?? context.platform) === context.platform;
  return TABLE.find(fits)?.code ?? OTHERWISE[context.moment];
}

/**
 * The ProtocolError for what the browser threw, after the wait for a disconnect event where that can change the verdict.
 * What is no DOMException is a bug (or a ProtocolError already) and comes back as it is.
 */
export async function explain(
  error: unknown,
  context: ErrorContext,
  presence: Presence,
  timer: After,
): Promise<unknown> {
  if (!(error instanceof DOMException)) return error;
  if (!presence.gone && error.name === 'NetworkError') await within(presence.lost, LOSS_NOTICE_MS, timer);
  const code = presence.gone ? 'device-lost' : codeOf(error.name, context);
  return new ProtocolError(code, `${context.kind} ${context.moment}: ${error.name}: ${error.message}`, {
    cause: error,
  });
}

/** For a refusal by the browser that changes nothing, e.g. while closing; anything else is a bug and thrown again. */
export function ignoreRefusal(error: unknown): void {
  if (!(error instanceof DOMException)) throw error;
}
