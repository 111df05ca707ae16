// The settings of a site file, for an administrator, and why a station would refuse the file.
import { describe, expect, it, vi } from 'vitest';
import { UserError } from '#as-service/common/user-error.ts';
import { checkSite, describeSite } from '#as-service/site/describe-site.ts';
import { ProtocolError } from '#protocol/errors.ts';
import { OTHER_ROOT, publicRoot, SITE, signSiteFile } from '#test/support/site.ts';

const show = (time: string) => `<${time}>`;
const SETTINGS = [
  'Site file 7 of Test AS, signed <2026-11-30T10:00:00.000Z>',
  '  name     ACME Payments',
  '  accent   #C94A3B',
  '  AS       https://keys.example.org',
  '  profile  Terminal: unit, USB ids 2E8A:0005, USB, waits 1500 ms',
  '  profile  Old terminal: unit, any other adapter, serial 9600 baud, parity even, EDC lrc, waits 2000 ms',
  '  labels   scanned before each load of a work order',
  '  orders   start when they are opened',
  '  keys     only with a work order',
  '  commands sent by hand from the console of Help',
  '  sign-out after 15 minutes without activity',
];

describe('the settings', () => {
  it('have one line each', () => {
    expect(describeSite(SITE, show)).toEqual(SETTINGS);
  });

  it('say what holds without a name, a profile and a policy', () => {
    const { accent: _, ...settings } = SITE;
    const policy = { scanLabels: false, signOutAfterMinutes: null };
    expect(describeSite({ ...settings, name: null, profiles: [], policy }, show)).toEqual([
      ...[SETTINGS[0], SETTINGS[3]],
      '  labels   as the work order says',
      '  orders   start when the operator presses Start order',
      '  keys     with and without a work order',
      '  commands never sent by hand',
      '  sign-out when the access code expires',
    ]);
  });
});

describe('a site file', () => {
  it('is described if its signature holds', async () => {
    const lines = await checkSite(await signSiteFile(), publicRoot(), show);
    expect(lines.slice(0, -1)).toEqual(SETTINGS);
    expect(lines.at(-1)).toMatch(/^The signature is valid\. The root key is ([0-9A-F]{4} ){7}[0-9A-F]{4}\.$/);
  });

  it.each([
    ['of another root', () => signSiteFile({ root: OTHER_ROOT }), /^Another AS signed this file/],
    [
      'of a key for another purpose',
      () => signSiteFile({ certificate: { purpose: 'verdict' } }),
      /^The key of this file/,
    ],
    [
      'of a key that was certified later',
      () => signSiteFile({ certificate: { from: SITE.issued.replace('2026', '2027') } }),
      /^The key of this file/,
    ],
  ])('%s is refused, with its settings as unproven', async (_name, make, why) => {
    const refused = await checkSite(await make(), publicRoot(), show).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(UserError);
    expect((refused as Error).cause).toBeInstanceOf(ProtocolError);
    const [first, cause, ...rest] = (refused as Error).message.split('\n');
    expect(first).toMatch(why);
    expect(cause).toMatch(/^ {2}\S/);
    expect(rest).toEqual(['The settings in the file, without proof:', ...SETTINGS]);
  });

  it('that was changed is refused', async () => {
    const text = await signSiteFile();
    const { certificate, site, format } = JSON.parse(text);
    site.payload = Buffer.from(JSON.stringify({ ...SITE, name: 'Other' })).toString('base64url');
    await expect(checkSite(JSON.stringify({ format, certificate, site }), publicRoot(), show)).rejects.toThrow(
      /^This file was changed after it was signed[\s\S]*without proof:[\s\S]*Other/,
    );
  });

  it.each([
    ['[]', /^This is not a site file.*\n {2}.*$/],
    ['{"as":[]}', /^This file has no signature.*\n {2}.*$/],
    ['{"format":"keyferry-site-9"}', /^A later version of Keyferry.*\n {2}.*$/],
  ])('that cannot be read is refused without settings: %s', async (text, why) => {
    await expect(checkSite(text, publicRoot(), show)).rejects.toThrow(UserError);
    await expect(checkSite(text, publicRoot(), show)).rejects.toThrow(why);
  });

  it('is not blamed for another failure', async () => {
    const failing = () => {
      throw new RangeError('bug');
    };
    await expect(checkSite(await signSiteFile(), publicRoot(), failing)).rejects.toThrow(RangeError);
    const failingOnce = vi.fn(show).mockImplementationOnce(failing);
    await expect(checkSite(await signSiteFile(), publicRoot(), failingOnce)).rejects.toThrow(RangeError);
    await expect(checkSite(await signSiteFile({ root: OTHER_ROOT }), publicRoot(), failing)).rejects.toThrow(
      RangeError,
    );
  });
});
