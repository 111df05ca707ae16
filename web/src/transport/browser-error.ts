// Translates exceptions of WebUSB and Web Serial into error codes, in one table (docs/adr/0018). An
// exception name is ambiguous: NetworkError means "in use elsewhere" or "unplugged". The code
// therefore also depends on the moment, the kind of link and the platform.
import { type LinkErrorCode, ProtocolError } from '#protocol/errors.ts';
import type { LinkKind } from './link.ts';
import type { Platform } from './platform.ts';
import { type Timer, within } from './timer.ts';
import type { UnplugSignal } from './unplug-signal.ts';

/**
 * What the page did when the exception occurred: showed the chooser, opened the port, claimed the
 * USB interface, or anything later.
 */
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

/** The first matching row applies. An absent field matches every value. */
const TABLE: readonly Row[] = [
  { name: 'SecurityError', moment: 'choose', code: 'browser-unsupported' }, // a permissions policy or an insecure page
  { name: 'SecurityError', moment: 'claim', code: 'protected-class' },
  { name: 'SecurityError', moment: 'open', kind: 'usb', platform: 'windows', code: 'driver-missing' },
  { name: 'SecurityError', code: 'access-denied' },
  { name: 'NotFoundError', code: 'device-lost' },
  { name: 'InvalidStateError', moment: 'open', code: 'device-busy' },
  { name: 'InvalidStateError', moment: 'claim', code: 'device-busy' },
  { name: 'InvalidStateError', moment: 'transfer', code: 'device-lost' }, // the device was closed
  { name: 'NetworkError', moment: 'open', code: 'device-busy' },
  { name: 'NetworkError', moment: 'claim', code: 'device-busy' },
  { name: 'NetworkError', moment: 'transfer', kind: 'serial', code: 'device-lost' },
  { name: 'NetworkError', moment: 'transfer', kind: 'usb', code: 'link-garbled' }, // for an unplugged unit see explain()
  { name: 'AbortError', code: 'device-lost' },
];

/** Codes for exception names without a row in TABLE, such as Chromium's UnknownError. */
const FALLBACK: Record<Moment, LinkErrorCode> = {
  choose: 'browser-unsupported',
  open: 'device-busy',
  claim: 'device-busy',
  transfer: 'link-garbled',
};

/**
 * Maximum wait for the disconnect event after a NetworkError. The browser reports the error before
 * it dispatches the event.
 */
export const LOSS_NOTICE_MS = 500;

/** Returns the error code for a DOMException with this name. explain() handles unplugged units. */
export function codeOf(name: string, context: ErrorContext): LinkErrorCode {
  const matches = (row: Row): boolean =>
    row.name === name &&
    (row.moment ?? context.moment) === context.moment &&
    (row.kind ?? context.kind) === context.kind &&
    (row.platform ?? context.platform) === context.platform;
  return TABLE.find(matches)?.code ?? FALLBACK[context.moment];
}

/**
 * Returns the ProtocolError for a DOMException. If it is a NetworkError, waits for a disconnect
 * event, which changes the code to device-lost. Returns any other error unchanged: it is a
 * ProtocolError or a bug.
 */
export async function explain(
  error: unknown,
  context: ErrorContext,
  unplugSignal: UnplugSignal,
  timer: Timer,
): Promise<unknown> {
  if (!(error instanceof DOMException)) return error;
  if (!unplugSignal.isUnplugged && error.name === 'NetworkError')
    await within(unplugSignal.unplugged, LOSS_NOTICE_MS, timer);
  const code = unplugSignal.isUnplugged ? 'device-lost' : codeOf(error.name, context);
  return new ProtocolError(code, `${context.kind} ${context.moment}: ${error.name}: ${error.message}`, {
    cause: error,
  });
}

/**
 * Ignores a DOMException of a call whose failure has no consequence, such as close(). Rethrows a
 * bug.
 */
export function ignoreRefusal(error: unknown): void {
  if (!(error instanceof DOMException)) throw error;
}
