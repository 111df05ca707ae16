// The operator's words: every code has them, each says what to do, none of them blames or uses the words that tell nothing.
import { describe, expect, it } from 'vitest';
import { attributesInWords } from '#web/ui/messages/attributes.ts';
import { CODES, explain, type Platform, type Seen, type Words } from '#web/ui/messages/failures.ts';
import { explainPlainly, reference } from '#web/ui/messages/fallback.ts';
import { EXPLAINED } from '#web/ui/messages/status-words.ts';

const PLATFORMS: readonly Platform[] = ['windows', 'macos', 'linux', 'chromeos', 'android', 'other'];
const USB = { vendorId: 0x1209, productId: 0x0001 };
const PLACES: readonly Seen[] = PLATFORMS.flatMap((platform): Seen[] => [
  { platform },
  { platform, signingIn: true },
  { platform, kind: 'serial' },
  { platform, kind: 'usb', usb: USB },
]);
const REFUSALS = EXPLAINED.map((pair) => {
  const [, command = '', hex = ''] = /^(.+) ([0-9A-F]{4})$/.exec(pair) ?? [];
  return { code: 'status-word', command, statusWord: Number.parseInt(hex, 16) } as const;
});
const ALL: readonly Words[] = [
  ...CODES.flatMap((code) => PLACES.map((seen) => explain({ code }, seen))),
  ...REFUSALS.map((failure) => explain(failure, { platform: 'linux' })),
];

describe('the words for a failure', () => {
  it('never use a word that tells the operator nothing', () => {
    const empty = /\b(error|errors|invalid|failed|failure|illegal|fatal|oops|sorry|exception|unexpected)\b/i;
    for (const { remedy, title, causes = [] } of ALL) {
      expect([remedy, title, ...causes].join(' ')).not.toMatch(empty);
    }
  });

  it('begin with something to do, without a full stop, short enough to be read from a distance', () => {
    for (const { remedy } of ALL) {
      expect(remedy).toMatch(/^[A-Z][^.!]*[^.!]$/);
      expect(remedy.length).toBeLessThanOrEqual(80);
    }
  });

  it('speak of another try just where the page offers it at one press', () => {
    const speaks = (remedy: string): boolean =>
      /\bretry\b|^Load (the key )?again/.test(remedy.replace('Retry', 'retry'));
    // Another try comes after a reload, or is no way at all.
    const isElsewhere = (remedy: string): boolean => /reload|^Do not/i.test(remedy);
    const offered = ALL.filter(({ again }) => again);
    expect(offered.length).toBeGreaterThan(10);
    for (const { remedy, again = false, final = false } of ALL) {
      expect(again, remedy).toBe(speaks(remedy) && !isElsewhere(remedy));
      expect(again && final, remedy).toBe(false);
    }
  });

  it('tell who types an access code to look at it, and who was signed in to sign in again', () => {
    expect(explain({ code: 'signed-out' }, { platform: 'linux', signingIn: true }).remedy).toBe(
      'Check the access code',
    );
    expect(explain({ code: 'signed-out' }, { platform: 'linux' }).remedy).toBe('Sign in again');
  });

  it('give the reason in whole sentences', () => {
    for (const { title } of ALL) expect(title).toMatch(/^[A-Z].*\.$/s);
  });

  it('name the causes where a refusal of the unit has several', () => {
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
  ])('are its own for %s %s', (command, statusWord) => {
    const general = explain({ code: 'status-word' }, { platform: 'linux' });
    expect(explain({ code: 'status-word', command, statusWord }, { platform: 'linux' })).not.toEqual(general);
  });

  it('fall back to the general ones for a status word that nobody foresaw', () => {
    const failure = { code: 'status-word', command: 'IMPORTKEY', statusWord: 0x6f00 } as const;
    expect(explain(failure, { platform: 'linux' })).toEqual(explain({ code: 'status-word' }, { platform: 'linux' }));
    expect(reference(failure)).toBe('IMPORTKEY 6F00');
  });

  it('warn against another try after 6988', () => {
    const { remedy } = explain(
      { code: 'status-word', command: 'IMPORTKEY', statusWord: 0x6988 },
      { platform: 'linux' },
    );
    expect(remedy).toMatch(/^Do not retry/);
  });
});

describe('the words that are at hand without a network', () => {
  it('are those of the book for an AS that is out of reach', () => {
    for (const code of ['service-unreachable', 'service-timeout', 'part-unreachable'] as const) {
      expect(explainPlainly({ code }, 'coming')).toEqual(explain({ code }, { platform: 'linux' }));
    }
  });

  it.each(['coming', 'missing'] as const)('say what to do for every other code while the book is %s', (book) => {
    const { remedy, title } = explainPlainly({ code: 'unit-nonsense' }, book);
    expect(remedy).toMatch(/^[A-Z][^.!]*[^.!]$/);
    expect(remedy.length).toBeLessThanOrEqual(80);
    expect(title).toMatch(/^[A-Z].*\.$/s);
  });
});

describe('the words for a part of the page that could not be had', () => {
  it('send for a reload, since a browser may keep to its refusal for as long as the page lives', () => {
    expect(explain({ code: 'part-unreachable' }, { platform: 'linux' }).remedy).toMatch(/reload this page$/);
  });
});

describe('the words for a missing right or driver', () => {
  it('hold the udev rule of the very device on Linux', () => {
    const { lines } = explain({ code: 'access-denied' }, { platform: 'linux', kind: 'usb', usb: USB });
    expect(lines?.text).toContain('ATTR{idVendor}=="1209", ATTR{idProduct}=="0001"');
  });

  it('hold the group of serial ports for a serial unit on Linux', () => {
    expect(explain({ code: 'access-denied' }, { platform: 'linux', kind: 'serial' }).lines?.text).toContain('dialout');
  });

  it('name WinUSB on Windows only', () => {
    const titles = PLATFORMS.map((platform) => explain({ code: 'driver-missing' }, { platform, kind: 'usb' }).title);
    expect(titles.filter((title) => title.includes('WinUSB'))).toHaveLength(1);
  });

  it('name ModemManager to those who meet it', () => {
    const causes = (platform: Platform) =>
      explain({ code: 'device-busy' }, { platform, kind: 'serial' }).causes?.join();
    expect(causes('linux')).toContain('ModemManager');
    expect(causes('windows')).not.toContain('ModemManager');
  });
});

describe('attributes in words', () => {
  it('say usage, algorithm, mode and exportability', () => {
    expect(attributesInWords('D0AB00N')).toBe('AES, data encryption, encrypt and decrypt, not exportable');
    expect(attributesInWords('M6AC00E')).toBe('AES, CMAC, generate and verify, exportable');
  });

  it('show a value that has no words as it is', () => {
    expect(attributesInWords('Z9QJ00N')).toBe('Q, usage Z9, mode J, not exportable');
  });
});
