import { describe, expect, it } from 'vitest';
import { ProtocolError } from '#protocol/errors.ts';
import { codeOf, type ErrorContext, explain, ignoreRefusal, LOSS_NOTICE_MS } from '#web/transport/browser-error.ts';
import { Presence } from '#web/transport/presence.ts';
import { ManualTimer, settled } from './fakes.ts';

const usb = { kind: 'usb', platform: 'linux' } as const;
const serial = { kind: 'serial', platform: 'linux' } as const;

const CASES: readonly [why: string, name: string, context: ErrorContext, code: string][] = [
  ['a page that may not choose', 'SecurityError', { ...usb, moment: 'choose' }, 'browser-unsupported'],
  ['an interface that the browser keeps for itself', 'SecurityError', { ...usb, moment: 'claim' }, 'protected-class'],
  ['Windows without WinUSB', 'SecurityError', { ...usb, moment: 'open', platform: 'windows' }, 'driver-missing'],
  ['Linux without rights', 'SecurityError', { ...usb, moment: 'open' }, 'access-denied'],
  ['macOS without rights', 'SecurityError', { ...usb, moment: 'open', platform: 'macos' }, 'access-denied'],
  ['a serial port on Windows', 'SecurityError', { ...serial, moment: 'open', platform: 'windows' }, 'access-denied'],
  ['a transfer that is not allowed', 'SecurityError', { ...usb, moment: 'transfer' }, 'access-denied'],
  ['a unit that is gone at open', 'NotFoundError', { ...usb, moment: 'open' }, 'device-lost'],
  ['a unit that is gone in a transfer', 'NotFoundError', { ...usb, moment: 'transfer' }, 'device-lost'],
  ['a device that changes its state', 'InvalidStateError', { ...usb, moment: 'open' }, 'device-busy'],
  ['a port that another tab has open', 'InvalidStateError', { ...serial, moment: 'open' }, 'device-busy'],
  ['an interface that changes its state', 'InvalidStateError', { ...usb, moment: 'claim' }, 'device-busy'],
  ['a handle that the browser closed', 'InvalidStateError', { ...usb, moment: 'transfer' }, 'device-lost'],
  ['a device that another program holds', 'NetworkError', { ...usb, moment: 'open' }, 'device-busy'],
  ['a port that another program holds', 'NetworkError', { ...serial, moment: 'open' }, 'device-busy'],
  ['an interface that a driver holds', 'NetworkError', { ...usb, moment: 'claim' }, 'device-busy'],
  ['a port that failed', 'NetworkError', { ...serial, moment: 'transfer' }, 'device-lost'],
  ['a bad transfer of an attached unit', 'NetworkError', { ...usb, moment: 'transfer' }, 'link-garbled'],
  ['a transfer that closing cut off', 'AbortError', { ...usb, moment: 'transfer' }, 'device-lost'],
  ['an error without a name at open', 'UnknownError', { ...serial, moment: 'open' }, 'device-busy'],
  ['an error without a name in a transfer', 'UnknownError', { ...serial, moment: 'transfer' }, 'link-garbled'],
];

describe('the table of browser errors', () => {
  it.each(CASES)('names %s', (_why, name, context, code) => {
    expect(codeOf(name, context)).toBe(code);
  });
});

describe('explain', () => {
  const context = { ...usb, moment: 'transfer' } as const;
  const failed = new DOMException('A transfer error has occurred.', 'NetworkError');

  it('waits for the disconnect event behind a NetworkError and then says that the unit is lost', async () => {
    const timer = new ManualTimer();
    const presence = new Presence();
    const explained = explain(failed, context, presence, timer.after);
    await timer.advance(LOSS_NOTICE_MS - 1);
    presence.leave();
    expect(await explained).toMatchObject({ code: 'device-lost', cause: failed });
  });

  it('says that the link is garbled when no disconnect event came in that time', async () => {
    const timer = new ManualTimer();
    let explained: unknown;
    void explain(failed, context, new Presence(), timer.after).then((error) => {
      explained = error;
    });
    await timer.advance(LOSS_NOTICE_MS - 1);
    expect(explained).toBeUndefined();
    await timer.advance(1);
    expect(explained).toMatchObject({ code: 'link-garbled' });
  });

  it('waits for nothing when the unit is known to be gone, whatever the error is called', async () => {
    const timer = new ManualTimer();
    const presence = new Presence();
    presence.leave();
    const busy = { ...context, moment: 'claim' } as const;
    expect(await explain(failed, busy, presence, timer.after)).toMatchObject({ code: 'device-lost' });
    expect(timer.count).toBe(0);
  });

  it('leaves a bug and a failure that is explained already as they are', async () => {
    const timer = new ManualTimer();
    const bug = new TypeError('a bug');
    const known = new ProtocolError('link-timeout', 'known');
    expect(await explain(bug, context, new Presence(), timer.after)).toBe(bug);
    expect(await explain(known, context, new Presence(), timer.after)).toBe(known);
    await settled();
  });
});

describe('ignoreRefusal', () => {
  it('passes over a refusal of the browser but not over a bug', () => {
    expect(() => ignoreRefusal(failedClose)).not.toThrow();
    expect(() => ignoreRefusal(new TypeError('a bug'))).toThrow(TypeError);
  });
  const failedClose = new DOMException('The device must be opened first.', 'InvalidStateError');
});
