// The limits of each setting of a site, and the settings that an administrator may omit.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readSiteDraft } from '#protocol/site/draft.ts';
import { BACKGROUNDS, contrastOf } from '#protocol/site/look.ts';
import { decodeSite, encodeSite, type Site } from '#protocol/site/site.ts';
import { expectBounds } from '#test/support/bounds.ts';
import { png } from '#test/support/png.ts';
import { SITE } from '#test/support/site.ts';

const decode = (value: unknown) => decodeSite(value, 'site-unreadable');
const draft = (value: object, mark: Uint8Array = png(64, 64)) =>
  readSiteDraft(JSON.stringify(value), (file) => {
    expect(file).toBe('logo.png');
    return mark;
  });

const withProfiles = (...profiles: readonly object[]): unknown => ({ ...SITE, profiles });
const usb = { bwtMs: 1000 };
const serial = { baudRate: 9600, parity: 'none', edc: 'crc', bwtMs: 1000 };

it('the settings', () => {
  expectBounds(decode, SITE, [
    ['serial', 'integer', 1, 0x7fffffff],
    ['service', 'text', 1, 200],
    ['asNumber', 'integer', 0, 0xffff],
    ['name', 'text', 1, 40],
    ['profiles.0.name', 'text', 1, 60],
    ['profiles.0.usb.bwtMs', 'integer', 50, 60_000],
    ['profiles.1.serial.baudRate', 'integer', 300, 4_000_000],
    ['profiles.1.serial.bwtMs', 'integer', 50, 60_000],
    ['policy.signOutAfterMinutes', 'integer', 1, 480],
  ]);
  const list = (length: number, item: (index: number) => unknown) => Array.from({ length }, (_, index) => item(index));
  const urls = (length: number) => ({ ...SITE, as: list(length, (index) => `https://as${index}.example`) });
  const profiles = (length: number) =>
    withProfiles(
      ...(list(length, (index) => ({ name: 'A', role: 'unit', ids: `000A:${1000 + index}`, usb })) as object[]),
    );
  for (const value of [urls(1), urls(8), profiles(0), profiles(64)]) expect(() => decode(value)).not.toThrow();
  for (const value of [urls(0), urls(9)]) expect(() => decode(value)).toThrow('as is not a list of 1 to 8');
  expect(() => decode(profiles(65))).toThrow('profiles is not a list of 0 to 64');
});

it('the language is the primary tag of one, or absent', () => {
  expect(decode({ ...SITE, language: 'de' }).language).toBe('de');
  for (const language of ['', 'DE', 'de-CH', 'german', null]) {
    expect(() => decode({ ...SITE, language })).toThrow('language');
  }
});

describe('an address of the AS', () => {
  it.each([
    'https://keys.example.org',
    'https://keys.example.org:8443',
    'https://10.0.0.7/keyferry',
    'http://localhost:8787',
    'http://127.0.0.1:8787',
    'https://a',
    'https://a-b.c9',
    'https://7up.example',
    'https://a.b.c.d.e',
    'https://255.255.255.255',
    'https://keys.example.org:65535',
    'https://a.example/a.b~c-d_e/F',
    `https://${'a'.repeat(192)}`,
  ])('may be %s', (url) => {
    expect(decode({ ...SITE, as: [url] }).as).toEqual([url]);
  });

  it('has the hosts without TLS that the document names', () => {
    const [row = ''] = readFileSync('docs/site-file.md', 'utf8').match(/^\| as \| .*$/m) ?? [];
    const hosts = [...row.matchAll(/`([\w.:[\]]+)`/g)].flatMap(([, host]) => (host === 'http' ? [] : [host]));
    expect(hosts).toEqual(['localhost', '127.0.0.1']);
    for (const host of hosts) expect(decode({ ...SITE, as: [`http://${host}`] }).as).toHaveLength(1);
  });

  it.each([
    'keys.example.org',
    'http://keys.example.org',
    'https://keys.example.org/',
    'https://KEYS.example.org',
    'https://user@keys.example.org',
    'https://keys.example.org?a',
    'https://keys.example.org#a',
    'https://keys.example.org;',
    'https://*.example.org',
    "https://a.example 'unsafe-inline'",
    'https://keys.example.org/a b',
    'ftp://localhost',
    'https://[fd00::7]:8443',
    'http://[::1]:8787',
    `https://${'a'.repeat(193)}`,
    'https://-a.example',
    'https://a.example-',
    'https://a.example.',
    'https://keys.example.org:123456',
    'https://keys.example.org:',
    'https://keys.example.org//a',
    'http://localhost.example',
    'http://127.0.0.2',
    ' https://a.example',
    'https://a.example\n',
  ])('may not be %s', (url) => {
    expect(() => decode({ ...SITE, as: [url] })).toThrow('as[0] is not an address');
  });

  it.each([
    ...['https://keys.example.org:99999', 'https://keys.example.org:65536', 'http://localhost:65536'],
    ...[
      'https://256.0.0.1',
      'https://1.2.3',
      'https://1.2.3.4.5',
      'https://1.2.3.0004',
      'https://a.1',
      'https://1.b.3.4',
    ],
  ])('may not be %s, which is no URL', (url) => {
    expect(() => encodeSite({ ...SITE, as: [url] })).toThrow(`${url}, which no browser can use`);
  });

  it('is named once', () => {
    expect(() => decode({ ...SITE, as: ['https://a.example', 'https://a.example'] })).toThrow('twice');
  });
});

describe('a device profile', () => {
  it('has an interface', () => {
    expect(() => decode(withProfiles({ name: 'A', role: 'unit', ids: '1209:0003' }))).toThrow(
      'profiles[0] of the site file has neither usb nor serial',
    );
  });

  it('has ids if it has usb or is of a token', () => {
    expect(() => decode(withProfiles({ name: 'A', role: 'unit', usb }))).toThrow('but no ids');
    expect(() => decode(withProfiles({ name: 'A', role: 'token', serial }))).toThrow('but no ids');
    expect(() => decode(withProfiles({ name: 'A', role: 'unit', serial }))).not.toThrow();
  });

  it('is the only one with its ids and interface, in upper or lower case', () => {
    const first = { name: 'A', role: 'unit', ids: '2E8A:0005', usb };
    expect(() => decode(withProfiles(first, { ...first, ids: '2e8a:0005' }))).toThrow(
      'profiles[1] of the site file has the ids of an earlier profile with usb',
    );
    expect(() => decode(withProfiles(first, { name: 'B', role: 'unit', ids: '2E8A:0005', serial }))).not.toThrow();
    const any = { name: 'C', role: 'unit', serial };
    expect(() => decode(withProfiles(any, any))).toThrow('profiles[1]');
  });

  it.each(['1209', '1209:00001', '1209:000G', '0x1209:0x0001', '1209-0001'])('has no ids %s', (ids) => {
    expect(() => decode(withProfiles({ name: 'A', role: 'unit', ids, usb }))).toThrow('ids is not two USB ids');
  });
});

describe('the choices of a device profile', () => {
  const choices = [
    ...[{ role: 'unit' }, { role: 'token' }],
    ...['none', 'even', 'odd'].map((parity) => ({ serial: { ...serial, parity } })),
    ...['crc', 'lrc'].map((edc) => ({ serial: { ...serial, edc } })),
  ];

  it.each(choices)('may be %j', (choice) => {
    const profile = { name: 'A', role: 'unit', ids: '2e8a:0005', serial, ...choice };
    expect(decode(withProfiles(profile)).profiles).toEqual([profile]);
  });

  it.each([{ role: 'card' }, { serial: { ...serial, parity: 'mark' } }, { serial: { ...serial, edc: '' } }])(
    'may not be %j',
    (choice) => {
      const profile = { name: 'A', role: 'unit', ids: '2e8a:0005', serial, ...choice };
      expect(() => decode(withProfiles(profile))).toThrow('is not (');
    },
  );
});

describe('the draft of an administrator', () => {
  it('needs the AS only', () => {
    expect(draft({ as: ['https://keys.example.org'] })).toEqual({
      name: null,
      as: ['https://keys.example.org'],
      profiles: [],
      policy: { scanLabels: false, signOutAfterMinutes: null },
    });
  });

  it('may name the language', () => {
    expect(draft({ as: ['https://keys.example.org'], language: 'ja' }).language).toBe('ja');
  });

  it('permits commands by hand only if it says so', () => {
    const as = ['https://keys.example.org'];
    expect(draft({ as, policy: { sendByHand: true } }).policy.sendByHand).toBe(true);
    expect(draft({ as, policy: {} }).policy.sendByHand).toBeUndefined();
    expect(() => draft({ as, policy: { sendByHand: 'yes' } })).toThrow('policy.sendByHand');
  });

  it('has the usual settings of a serial line where it names none', () => {
    const { profiles } = draft({
      as: ['https://keys.example.org'],
      profiles: [{ name: ' Terminal\u00a0T ', ids: '2e8a:0005', usb: {}, serial: { baudRate: 9600 } }],
    });
    expect(profiles).toEqual([{ name: 'Terminal T', role: 'unit', ids: '2e8a:0005', usb, serial }]);
  });

  it('names what is unknown or wrong', () => {
    const as = ['https://keys.example.org'];
    expect(() => draft({ as, colour: 'red' })).toThrow('the file.colour is an unknown member');
    expect(() => draft({ as, accent: 'red' })).toThrow('the file.accent is not a colour such as #C94A3B');
    expect(() => draft({ as, name: 'A\u202eB' })).toThrow('the file.name contains');
    expect(() => draft({ name: 'ACME' })).toThrow('the file.as is missing');
    expect(() => draft({ as, serial: 4 })).toThrow('serial is an unknown member');
  });
});

describe('the look', () => {
  const as = ['https://keys.example.org'];

  it('has the image of the file that the settings name', () => {
    const { mark = '' } = draft({ as, mark: 'logo.png' }, png(16, 512));
    expect(Buffer.from(mark, 'base64url')).toEqual(Buffer.from(png(16, 512)));
  });

  it.each([
    [new TextEncoder().encode(`<svg>${' '.repeat(99)}</svg>`), 'the mark logo.png is not a PNG image'],
    [png(64, 64).subarray(0, 66), 'is not a PNG image'],
    [png(15, 64), 'has 15 × 64 pixels. Each side must have 16 to 512'],
    [png(64, 513), 'has 64 × 513 pixels. Each side must have 16 to 512'],
    [new Uint8Array(16_385), 'has 16385 bytes. At most 16384 are permitted'],
  ])('may not have a bad image', (mark, fault) => {
    expect(() => draft({ as, mark: 'logo.png' }, mark)).toThrow(fault);
  });

  it('has an accent that is visible in both themes', () => {
    expect(draft({ as, accent: '#C94A3B' }).accent).toBe('#C94A3B');
    expect(() => draft({ as, accent: '#FFD400' })).toThrow(
      'the accent #FFD400 has a contrast of 1.28:1 with the background of the light theme. It needs 3:1. Choose a darker colour',
    );
    expect(() => draft({ as, accent: '#001F5C' })).toThrow(
      /contrast of 1\.\d\d:1 with the background of the dark theme\. It needs 3:1\. Choose a lighter colour/,
    );
  });

  it('is checked with the backgrounds of the page', () => {
    const [light = '', dark = ''] = readFileSync('web/src/ui/shell/tokens.css', 'utf8').split('@media');
    const colours = (css: string) =>
      ['paper', 'surface'].map((name) => new RegExp(`--${name}: (#\\w{6})`).exec(css)?.[1]);
    expect(BACKGROUNDS).toEqual({ light: colours(light), dark: colours(dark) });
  });

  it('compares colours as WCAG does', () => {
    expect(contrastOf('#000000', '#ffffff')).toBe(21);
    expect(contrastOf('#777777', '#FFFFFF')).toBeCloseTo(4.48, 2);
  });
});

it('settings that readers would refuse are not signed', () => {
  expect(JSON.parse(encodeSite(SITE))).toEqual(SITE);
  expect(() => encodeSite({ ...SITE, as: [] } as unknown as Site)).toThrow(
    expect.objectContaining({ code: 'file-refused' }),
  );
});
