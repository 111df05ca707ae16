// The policies of a station: which devices, origins and pages they permit, and the three formats.
import { describe, expect, it } from 'vitest';
import { policyFiles } from '#as-service/site/policy-files.ts';
import { type Policies, stationPolicies } from '#as-service/site/station-policies.ts';
import { SITE } from '#test/support/site.ts';

const PAGE = 'https://keys.example.org:8443/tools/keys/';
const ORIGIN = 'https://keys.example.org:8443';
const serial = { baudRate: 9600, parity: 'none', edc: 'crc', bwtMs: 1000 } as const;
const of = (more: object, isKiosk = false): Policies => stationPolicies({ ...SITE, ...more }, { page: PAGE, isKiosk });

describe('the policies of a station', () => {
  it('permit the devices of the site file to the origin of the page, each over its interfaces', () => {
    const profiles = [
      { name: 'Both', role: 'unit', ids: '1209:0001', usb: { bwtMs: 1000 }, serial },
      { name: 'Card', role: 'token', ids: '2E8A:ffff', usb: { bwtMs: 1000 } },
      { name: 'Any adapter', role: 'unit', serial },
    ];
    const both = { vendor_id: 0x1209, product_id: 1 };
    expect(of({ profiles })).toEqual({
      WebUsbAllowDevicesForUrls: [{ devices: [both, { vendor_id: 0x2e8a, product_id: 0xffff }], urls: [ORIGIN] }],
      SerialAllowUsbDevicesForUrls: [{ devices: [both], urls: [ORIGIN] }],
      DefaultWebUsbGuardSetting: 2,
      WebUsbAskForUrls: [ORIGIN],
      DefaultSerialGuardSetting: 2,
      SerialAskForUrls: [ORIGIN],
      VideoCaptureAllowedUrls: [ORIGIN],
    });
  });

  it('contain no rule without devices, which a browser would refuse', () => {
    expect(Object.keys(of({ profiles: [] }))).not.toContain('WebUsbAllowDevicesForUrls');
    expect(Object.keys(of({ profiles: [] }))).not.toContain('SerialAllowUsbDevicesForUrls');
  });

  it.each([
    ['https://10.0.0.7', true],
    ['https://172.16.0.1', true],
    ['https://172.32.0.1', false],
    ['https://192.168.1.2:8443', true],
    ['http://localhost:8787', true],
    ['https://keys', true],
    ['https://keys.local', true],
    ['https://as.example.org', false],
    [ORIGIN, false],
  ])('permit the local network for an AS at %s: %s', (url, isPermitted) => {
    expect('LocalNetworkAccessAllowedForUrls' in of({ as: [url] })).toBe(isPermitted);
  });

  it('of a kiosk open the page, and no other', () => {
    expect(of({}, true)).toMatchObject({
      ...of({}),
      ...{ RestoreOnStartup: 4, RestoreOnStartupURLs: [PAGE], URLBlocklist: ['*'], URLAllowlist: [ORIGIN] },
    });
  });
});

describe('the files', () => {
  const policies = of({}, true);
  const files = new Map(policyFiles(policies).map(({ path, content }) => [path, content]));

  it('are one for Linux, and one for each browser on Windows and macOS', () => {
    expect([...files.keys()]).toEqual([
      'linux/keyferry.json',
      ...['chrome', 'edge', 'chromium'].map((name) => `windows/${name}.reg`),
      ...['chrome', 'edge', 'chromium'].map((name) => `macos/${name}.mobileconfig`),
    ]);
    expect(JSON.parse(String(files.get('linux/keyferry.json')))).toEqual(policies);
  });

  it('of Windows have numbers, rules as JSON, and lists as numbered values', () => {
    const content = Buffer.from(files.get('windows/edge.reg') ?? '');
    expect(content.subarray(0, 2)).toEqual(Buffer.from([0xff, 0xfe]));
    const lines = content.subarray(2).toString('utf16le').split('\r\n');
    const key = String.raw`HKEY_LOCAL_MACHINE\SOFTWARE\Policies\Microsoft\Edge`;
    expect(lines.slice(0, 4)).toEqual([
      'Windows Registry Editor Version 5.00',
      '',
      `[${key}]`,
      String.raw`"WebUsbAllowDevicesForUrls"="[{\"devices\":[{\"vendor_id\":11914,\"product_id\":5}],\"urls\":[\"https://keys.example.org:8443\"]}]"`,
    ]);
    expect(lines).toContain('"DefaultSerialGuardSetting"=dword:00000002');
    expect(lines).toContain('"PasswordManagerEnabled"=dword:00000000');
    const list = lines.indexOf(`[${key}\\RestoreOnStartupURLs]`);
    expect(lines.slice(list - 1, list + 2)).toEqual([
      `[-${key}\\RestoreOnStartupURLs]`,
      `[${key}\\RestoreOnStartupURLs]`,
      `"1"="${PAGE}"`,
    ]);
  });

  it('of macOS contain the same policies', () => {
    const profile = String(files.get('macos/chrome.mobileconfig'));
    const payload = read(profile).PayloadContent?.[0] ?? {};
    expect(payload).toMatchObject({ ...policies, PayloadType: 'com.google.Chrome' });
    expect(payload.PayloadUUID).toMatch(/^[\dA-F]{8}-[\dA-F]{4}-8[\dA-F]{3}-A[\dA-F]{3}-[\dA-F]{12}$/);
  });

  it('of macOS escape the characters of XML', () => {
    const files = policyFiles({ RestoreOnStartupURLs: ['https://a.example/?a<b&c'] });
    const [profile] = files.flatMap(({ path, content }) =>
      path === 'macos/edge.mobileconfig' ? [String(content)] : [],
    );
    expect(read(profile ?? '').PayloadContent?.[0]?.RestoreOnStartupURLs).toEqual(['https://a.example/?a<b&c']);
  });
});

interface Plist {
  readonly [key: string]: unknown;
  readonly PayloadContent?: readonly Plist[];
}

/** Reads the elements of a property list that policyFiles() writes. */
function read(xml: string): Plist {
  const tokens = [...xml.slice(xml.indexOf('<plist')).matchAll(/<(\/?)([a-z]+)[^>/]*(\/?)>([^<]*)/g)].map(
    ([, close = '', name = '', empty = '', text = '']) => ({ isEnd: close !== '', isEmpty: empty !== '', name, text }),
  );
  let at = 1;
  const next = (): unknown => {
    const { name, text, isEmpty } = tokens[at++] ?? { name: '', text: '', isEmpty: false };
    if (isEmpty) return name === 'true';
    if (name === 'array') {
      const items: unknown[] = [];
      while (tokens[at]?.isEnd !== true) items.push(next());
      at++;
      return items;
    }
    if (name === 'dict') {
      const members: Record<string, unknown> = {};
      while (tokens[at]?.isEnd !== true) {
        const key = String(next());
        members[key] = next();
      }
      at++;
      return members;
    }
    at++;
    return name === 'integer' ? Number(text) : text.replaceAll('&lt;', '<').replaceAll('&amp;', '&');
  };
  return next() as Plist;
}
