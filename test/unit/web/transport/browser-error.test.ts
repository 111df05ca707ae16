import { describe, expect, it } from 'vitest';
import { ProtocolError } from '#protocol/errors.ts';
import { codeOf, type ErrorContext, explain, ignoreRefusal, LOSS_NOTICE_MS } from '#web/transport/browser-error.ts';
import { UnplugSignal } from '#web/transport/unplug-signal.ts';
import { ManualTimer, settled } from './fakes.ts';

const usb = { kind: 'usb', platform: 'linux' } as const;
const serial = { kind: 'serial', platform: 'linux' } as const;

const CASES: readonly [why: string, name: string, context: ErrorContext, code: string][] = [
  ['a chooser that a policy forbids', 'SecurityError', { ...usb, moment: 'choose' }, 'browser-unsupported'],
  ['an interface that the browser reserves', 'SecurityError', { ...usb, moment: 'claim' }, 'protected-class'],
  ['Windows without WinUSB', 'SecurityError', { ...usb, moment: 'open', platform: 'windows' }, 'driver-missing'],
  ['Linux without rights', 'SecurityError', { ...usb, moment: 'open' }, 'access-denied'],
  ['macOS without rights', 'SecurityError', { ...usb, moment: 'open', platform: 'macos' }, 'access-denied'],
  ['a serial port on Windows', 'SecurityError', { ...serial, moment: 'open', platform: 'windows' }, 'access-denied'],
  ['a forbidden transfer', 'SecurityError', { ...usb, moment: 'transfer' }, 'access-denied'],
  ['a unit that is lost before open', 'NotFoundError', { ...usb, moment: 'open' }, 'device-lost'],
  ['a unit that is lost in a transfer', 'NotFoundError', { ...usb, moment: 'transfer' }, 'device-lost'],
  ['a device whose state is changing', 'InvalidStateError', { ...usb, moment: 'open' }, 'device-busy'],
  ['a port that another tab has open', 'InvalidStateError', { ...serial, moment: 'open' }, 'device-busy'],
  ['an interface whose state is changing', 'InvalidStateError', { ...usb, moment: 'claim' }, 'device-busy'],
  ['a handle that the browser closed', 'InvalidStateError', { ...usb, moment: 'transfer' }, 'device-lost'],
  ['a device that another program has open', 'NetworkError', { ...usb, moment: 'open' }, 'device-busy'],
  ['a port that another program has open', 'NetworkError', { ...serial, moment: 'open' }, 'device-busy'],
  ['an interface that a driver has claimed', 'NetworkError', { ...usb, moment: 'claim' }, 'device-busy'],
  ['a port that failed', 'NetworkError', { ...serial, moment: 'transfer' }, 'device-lost'],
  ['a failed transfer of an attached unit', 'NetworkError', { ...usb, moment: 'transfer' }, 'link-garbled'],
  ['a transfer that close() aborts', 'AbortError', { ...usb, moment: 'transfer' }, 'device-lost'],
  ['an unknown error at open', 'UnknownError', { ...serial, moment: 'open' }, 'device-busy'],
  ['an unknown error in a transfer', 'UnknownError', { ...serial, moment: 'transfer' }, 'link-garbled'],
];

describe('codeOf', () => {
  it.each(CASES)('returns the code for %s', (_why, name, context, code) => {
    expect(codeOf(name, context)).toBe(code);
  });
});

describe('explain', () => {
  const context = { ...usb, moment: 'transfer' } as const;
  const failed = new DOMException('A transfer error has occurred.', 'NetworkError');

  it('waits for the disconnect event after a NetworkError, and then returns device-lost', async () => {
    const timer = new ManualTimer();
    const unplugSignal = new UnplugSignal();
    const explained = explain(failed, context, unplugSignal, timer.after);
    await timer.advance(LOSS_NOTICE_MS - 1);
    unplugSignal.markUnplugged();
    expect(await explained).toMatchObject({ code: 'device-lost', cause: failed });
  });

  it('returns link-garbled when no disconnect event arrives in time', async () => {
    const timer = new ManualTimer();
    let explained: unknown;
    void explain(failed, context, new UnplugSignal(), timer.after).then((error) => {
      explained = error;
    });
    await timer.advance(LOSS_NOTICE_MS - 1);
    expect(explained).toBeUndefined();
    await timer.advance(1);
    expect(explained).toMatchObject({ code: 'link-garbled' });
  });

  it('returns device-lost at once for any exception of a lost unit', async () => {
    const timer = new ManualTimer();
    const unplugSignal = new UnplugSignal();
    unplugSignal.markUnplugged();
    const busy = { ...context, moment: 'claim' } as const;
    expect(await explain(failed, busy, unplugSignal, timer.after)).toMatchObject({ code: 'device-lost' });
    expect(timer.count).toBe(0);
  });

  it('returns a bug and a ProtocolError unchanged', async () => {
    const timer = new ManualTimer();
    const bug = new TypeError('a bug');
    const translated = new ProtocolError('link-timeout', 'translated');
    expect(await explain(bug, context, new UnplugSignal(), timer.after)).toBe(bug);
    expect(await explain(translated, context, new UnplugSignal(), timer.after)).toBe(translated);
    await settled();
  });
});

describe('ignoreRefusal', () => {
  it('ignores an exception of the browser but rethrows a bug', () => {
    expect(() => ignoreRefusal(failedClose)).not.toThrow();
    expect(() => ignoreRefusal(new TypeError('a bug'))).toThrow(TypeError);
  });
  const failedClose = new DOMException('The device must be opened first.', 'InvalidStateError');
});
