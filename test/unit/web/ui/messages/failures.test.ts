// Rules for the messages of all error codes: a remedy, a reason in whole sentences, and only words
// that inform the operator.
import { describe, expect, it } from 'vitest';
import type { ErrorCode } from '#protocol/errors.ts';
import { administratorNote } from '#web/ui/common/administrator-note.ts';
import { attributesInWords } from '#web/ui/messages/attributes.ts';
import { CODES, explain } from '#web/ui/messages/failures.ts';
import { fallbackMessage, reference } from '#web/ui/messages/fallback.ts';
import { EXPLAINED } from '#web/ui/messages/status-words.ts';
import type { Message, MessageContext, Platform } from '#web/ui/messages/types.ts';

const PLATFORMS: readonly Platform[] = ['windows', 'macos', 'linux', 'chromeos', 'android', 'other'];
const USB = { vendorId: 0x1209, productId: 0x0001 };
const BUTTON = 'Choose key again';
const PLACES: readonly MessageContext[] = PLATFORMS.flatMap((platform): MessageContext[] => [
  { platform },
  { platform, button: BUTTON },
  { platform, isUnplugged: true },
  { platform, repeated: true },
  { platform, insecure: true },
  { platform, kind: 'serial' },
  { platform, kind: 'usb', usb: USB },
]);
const REFUSALS = EXPLAINED.map((pair) => {
  const [, command = '', hex = ''] = /^(.+) ([0-9A-F]{4})$/.exec(pair) ?? [];
  return { code: 'status-word', command, statusWord: Number.parseInt(hex, 16) } as const;
});
const ALL: readonly Message[] = [
  ...CODES.flatMap((code) => PLACES.map((seen) => explain({ code }, seen))),
  ...REFUSALS.flatMap((failure) => [
    explain(failure, { platform: 'linux' }),
    explain(failure, { platform: 'linux', button: BUTTON }),
    explain(failure, { platform: 'linux', isUnplugged: true }),
    explain(failure, { platform: 'linux', repeated: true }),
  ]),
];

describe('the message for a failure', () => {
  it('contains no word without information for the operator', () => {
    const empty = /\b(error|errors|invalid|failed|failure|illegal|fatal|oops|sorry|exception|unexpected)\b/i;
    for (const { remedy, title, causes = [] } of ALL) {
      expect([remedy, title, ...causes].join(' ')).not.toMatch(empty);
    }
  });

  it('starts with an imperative of at most 80 characters, without a full stop', () => {
    for (const { remedy } of ALL) {
      expect(remedy).toMatch(/^[A-Z][^.!]*[^.!]$/);
      expect(remedy.length).toBeLessThanOrEqual(80);
    }
  });

  it('names the button of the page, and never only says that the operator retries', () => {
    for (const { remedy, again = false, final = false } of ALL) {
      expect(remedy).not.toMatch(/\bretry\b|\bload (the key )?again$/i);
      expect(again && final, remedy).toBe(false);
    }
    const named = CODES.map((code) => explain({ code }, { platform: 'linux', button: BUTTON }));
    expect(named.filter(({ again }) => again).length).toBeGreaterThan(10);
    for (const { remedy, again = false } of named) {
      expect(/(^P|, then p)ress “Choose key again”$/.test(remedy), remedy).toBe(again);
    }
  });

  it('names no button while the unit is unplugged, and asks once to plug it in', () => {
    for (const code of CODES) {
      const { remedy } = explain({ code }, { platform: 'linux', isUnplugged: true });
      expect(remedy).not.toContain('press');
      expect(remedy.match(/plug (it|the unit) in/gi) ?? [], remedy).toSatisfy((found: string[]) => found.length <= 1);
    }
    const say = (code: ErrorCode): string => explain({ code }, { platform: 'linux', isUnplugged: true }).remedy;
    expect(say('service-unreachable')).toBe('Check the network, then plug the unit in again');
    expect(say('link-timeout')).toBe('Unplug the unit, plug it in again');
    expect(say('no-receipt')).toBe('Plug the unit in again');
  });

  it('is marked when the remedy is to set the unit aside, or to choose another key or slot', () => {
    for (const { remedy, aside = false, choose = false } of ALL) {
      expect(aside, remedy).toBe(remedy.startsWith('Set this unit aside'));
      expect(choose, remedy).toBe(/^Choose .*\b(key|slot)\b/.test(remedy));
    }
  });

  it('asks to check an access code that was entered, and to sign in again when a session has ended', () => {
    expect(explain({ code: 'access-code-refused' }, { platform: 'linux' }).remedy).toBe('Check the access code');
    expect(explain({ code: 'signed-out' }, { platform: 'linux' }).remedy).toBe('Sign in again');
  });

  it('gives the reason in whole sentences', () => {
    for (const { title } of ALL) expect(title).toMatch(/^[A-Z].*\.$/s);
  });

  it('lists the causes of a refusal that has several causes', () => {
    expect(
      explain({ code: 'status-word', command: 'IMPORTKEY', statusWord: 0x6988 }, { platform: 'linux' }).causes,
    ).toHaveLength(4);
  });

  it.each([
    ['IMPORTKEY', 0x6988],
    ['IMPORTKEY', 0x6985],
    ['IMPORTKEY', 0x9401],
    ['IMPORTKEY', 0x9402],
    ['IMPORTKEY', 0x6a88],
    ['IMPORTKEY', 0x6a84],
    ['IMPORTKEY', 0x6581],
    ['IMPORTKEY', 0x6a80],
    ['IMPORTKEY', 0x6700],
    ['GET CHALLENGE', 0x6985],
    ['SELECT', 0x6a82],
  ])('is specific to %s %s', (command, statusWord) => {
    const general = explain({ code: 'status-word' }, { platform: 'linux' });
    expect(explain({ code: 'status-word', command, statusWord }, { platform: 'linux' })).not.toEqual(general);
  });

  it('is general for a status word that is not listed', () => {
    const failure = { code: 'status-word', command: 'IMPORTKEY', statusWord: 0x6f00 } as const;
    expect(explain(failure, { platform: 'linux' })).toEqual(explain({ code: 'status-word' }, { platform: 'linux' }));
    expect(reference(failure)).toBe('IMPORTKEY 6F00');
  });

  it('never says "Do not retry", because the page may offer a retry beside it', () => {
    for (const { remedy, title } of ALL) expect(`${remedy} ${title}`).not.toMatch(/do not retry/i);
  });

  it('contains the person who acts, and offers a text for that person, if the operator cannot act alone', () => {
    expect(ALL.filter(({ helper }) => helper).length).toBeGreaterThan(20);
    for (const { remedy, helper } of ALL) {
      expect(/\byour (administrator|custodian)\b/.exec(remedy)?.[1], remedy).toBe(helper);
    }
  });

  it('explains a first refusal of the sealed key as damage in transit, and a second one as another transport key', () => {
    const failure = { code: 'status-word', command: 'IMPORTKEY', statusWord: 0x6988 } as const;
    const first = explain(failure, { platform: 'linux' });
    expect(first).toMatchObject({ remedy: 'Try again', again: true });
    expect(first.causes?.[0]).toMatch(/damaged/);
    const second = explain(failure, { platform: 'linux', repeated: true });
    expect(second).toMatchObject({ helper: 'administrator', final: true });
    expect(second.causes?.join()).not.toMatch(/damaged/);
  });

  it('gives other advice when a retry failed in the same way', () => {
    for (const code of CODES) {
      const first = explain({ code }, { platform: 'linux' });
      if (first.twice) expect(explain({ code }, { platform: 'linux', repeated: true }).again, code).toBeUndefined();
    }
  });
});

describe('the text for the administrator', () => {
  it('contains the unit, the code, the set, the transport key version, the time and the build', () => {
    const message = explain({ code: 'challenge-refused' }, { platform: 'linux' });
    const unit = { sn: '00000000000000004549000000000007', set: 0xba7c, tkv: 2 };
    const time = new Date('2026-11-30T09:30:00Z');
    const options = { code: 'challenge-refused', time, service: 'https://as.example', build: 'index-1.js' };
    expect(administratorNote({ ...options, message, unit })).toBe(
      [
        'Remedy: Set this unit aside and tell your administrator.',
        `Reason: ${message.title}`,
        'Code: challenge-refused',
        'SN: 0000 0000 0000 0000 4549 0000 0000 0007',
        'Set: 0000 BA7C',
        'Transport key version: 2',
        'Time: 2026-11-30T09:30:00.000Z',
        'AS: https://as.example',
        'Build: index-1.js',
        '',
      ].join('\n'),
    );
  });

  it('contains the lines that the administrator runs, and no unit when none is known', () => {
    const message = explain({ code: 'access-denied' }, { platform: 'linux', kind: 'serial' });
    const text = administratorNote({ code: 'access-denied', message, time: new Date(0), service: 'a', build: 'b' });
    expect(text).toContain('In a terminal: sudo usermod');
    expect(text).not.toContain('SN:');
  });
});

describe('the message for a browser without an interface', () => {
  const say = (seen: MessageContext): Message => explain({ code: 'browser-unsupported' }, seen);

  it('names HTTPS, and no other browser, when the page was loaded without HTTPS', () => {
    const { remedy, title, causes = [] } = say({ platform: 'linux', insecure: true });
    expect(remedy).toBe('Open this page with https:// in its address');
    expect([title, ...causes].join(' ')).not.toMatch(/Chrome|Edge|Firefox/);
  });

  it.each([
    ['usb', 'linux', 'Attach the unit by its serial port, or use Chrome or Edge'],
    ['serial', 'linux', 'Use Chrome or Edge, or attach the unit by USB'],
    ['serial', 'android', 'Attach the unit by USB, or update Chrome to version 148'],
    [undefined, 'android', 'Open this page in Chrome'],
    [undefined, 'macos', 'Open this page in Chrome or Edge on a computer'],
  ] as const)('without %s on %s: %s', (kind, platform, remedy) => {
    expect(say({ platform, ...(kind && { kind }) }).remedy).toBe(remedy);
  });

  it('describes the interfaces of each other browser', () => {
    expect(say({ platform: 'linux' }).causes?.join('. ')).toMatch(/Firefox .* since version 151.*Safari .* neither/);
    expect(say({ platform: 'linux', kind: 'usb' }).causes?.[0]).toBe('Firefox and Safari have no WebUSB');
    expect(say({ platform: 'linux', kind: 'serial' }).causes?.[0]).toMatch(/^Firefox must be version 151 .* https/);
  });
});

describe('the fallback message', () => {
  it('equals the catalog message for an AS that cannot be reached, except that it names no button', () => {
    for (const code of ['service-unreachable', 'service-timeout', 'part-unreachable'] as const) {
      const { remedy, ...rest } = explain({ code }, { platform: 'linux', button: BUTTON });
      const message = fallbackMessage({ code }, 'loading');
      expect(message).toEqual({ ...rest, remedy: remedy.replace(`, then press “${BUTTON}”`, '') });
    }
  });

  it.each(['loading', 'missing'] as const)('gives a remedy for every other code while the catalog is %s', (book) => {
    const { remedy, title } = fallbackMessage({ code: 'unit-nonsense' }, book);
    expect(remedy).toMatch(/^[A-Z][^.!]*[^.!]$/);
    expect(remedy.length).toBeLessThanOrEqual(80);
    expect(title).toMatch(/^[A-Z].*\.$/s);
  });
});

describe('the message for a chunk that could not be fetched', () => {
  it('asks for a reload, because a browser may cache a failed import until then', () => {
    expect(explain({ code: 'part-unreachable' }, { platform: 'linux' }).remedy).toMatch(/reload this page$/);
  });
});

describe('the message for a missing permission or driver', () => {
  it('contains the udev rule for the device on Linux', () => {
    const { lines } = explain({ code: 'access-denied' }, { platform: 'linux', kind: 'usb', usb: USB });
    expect(lines?.text).toContain('ATTR{idVendor}=="1209", ATTR{idProduct}=="0001"');
  });

  it('contains the group of serial ports for a serial unit on Linux', () => {
    expect(explain({ code: 'access-denied' }, { platform: 'linux', kind: 'serial' }).lines?.text).toContain('dialout');
  });

  it('names WinUSB on Windows only', () => {
    const titles = PLATFORMS.map((platform) => explain({ code: 'driver-missing' }, { platform, kind: 'usb' }).title);
    expect(titles.filter((title) => title.includes('WinUSB'))).toHaveLength(1);
  });

  it('names ModemManager on Linux only', () => {
    const causes = (platform: Platform) =>
      explain({ code: 'device-busy' }, { platform, kind: 'serial' }).causes?.join();
    expect(causes('linux')).toContain('ModemManager');
    expect(causes('windows')).not.toContain('ModemManager');
  });
});

describe('attributesInWords', () => {
  it('describes usage, algorithm, mode and exportability', () => {
    expect(attributesInWords('D0AB00N')).toBe('AES, data encryption, encrypt and decrypt, not exportable');
    expect(attributesInWords('M6AC00E')).toBe('AES, CMAC, generate and verify, exportable');
  });

  it('shows an unknown value unchanged', () => {
    expect(attributesInWords('Z9QJ00N')).toBe('Q, usage Z9, mode J, not exportable');
  });
});

describe('a device that no profile names', () => {
  it.each(['link-timeout', 'link-garbled', 'not-a-unit'] as const)(
    'is described as such when it answers %s',
    (code) => {
      const usb = { vendorId: 0x0483, productId: 0x5740 };
      const context = { platform: 'linux', foreign: 'Flipper Zero', usb } as const;
      expect(explain({ code }, { ...context, kind: 'usb' })).toEqual({
        remedy: 'Choose another device',
        title: 'This is “Flipper Zero” (USB 0483:5740), not a known unit. It did not answer like a unit.',
      });
      expect(explain({ code }, { ...context, foreign: 'Serial port, USB 0403:6001', kind: 'serial' })).toEqual({
        remedy: 'Check that a unit is connected and switched on, or choose another device',
        title: 'This is “Serial port, USB 0403:6001”, not a known unit. It did not answer like a unit.',
      });
    },
  );

  it.each(['device-busy', 'link-echo'] as const)('is described by its code when that is %s', (code) => {
    const context = { platform: 'linux', foreign: 'Serial port, USB 0403:6001' } as const;
    expect(explain({ code }, context)).toEqual(explain({ code }, { platform: 'linux' }));
  });
});

describe('a malformed identity', () => {
  it('is shown with the field and the clause', () => {
    const detail = 'SELECT: tries is 65, more than 64 (docs/protocol.md clause 4.7)';
    expect(reference({ code: 'identity-malformed', detail })).toBe(`identity-malformed: ${detail}`);
  });
});
