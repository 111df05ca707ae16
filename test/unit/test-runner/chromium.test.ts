import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { chromiumSwitches, findChromium, findHeadlessChromium, PLAYWRIGHT_DISABLES } from '#test/support/chromium.ts';

const machine = (platform: string, env: Record<string, string>, files: string[]) => ({
  platform,
  env,
  exists: (path: string) => files.includes(path.replaceAll('\\', '/')),
});

describe('the search for a browser', () => {
  it('uses the browser that KEYFERRY_CHROMIUM names', () => {
    const env = { KEYFERRY_CHROMIUM: '/opt/chrome', PATH: '/usr/bin' };
    expect(findChromium(machine('linux', env, ['/opt/chrome', '/usr/bin/chromium']))).toBe('/opt/chrome');
  });

  it('finds no browser when the named browser is missing', () => {
    expect(
      findChromium(machine('linux', { KEYFERRY_CHROMIUM: '/opt/chrome', PATH: '/usr/bin' }, ['/usr/bin/chromium'])),
    ).toBe(undefined);
  });

  it('searches PATH for every usual name', () => {
    const env = { PATH: '/usr/local/bin:/usr/bin' };
    for (const name of ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']) {
      expect(findChromium(machine('linux', env, [`/usr/bin/${name}`]))).toBe(`/usr/bin/${name}`);
    }
  });

  it('searches the usual folders of macOS and Windows', () => {
    const mac = '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome';
    expect(findChromium(machine('darwin', { HOME: '/Users/a' }, [mac]))).toBe(mac);
    const windows = 'C:/Program Files/Google/Chrome/Application/chrome.exe';
    expect(findChromium(machine('win32', { PROGRAMFILES: 'C:/Program Files' }, [windows]))?.replaceAll('\\', '/')).toBe(
      windows,
    );
  });

  it('prefers the headless shell for pages without a window, unless a browser is named', () => {
    const files = ['/usr/bin/chromium', '/usr/bin/chromium-headless-shell', '/opt/chrome'];
    const found = (env: Record<string, string>, exist = files) => findHeadlessChromium(machine('linux', env, exist));
    expect(found({ PATH: '/usr/bin' })).toBe('/usr/bin/chromium-headless-shell');
    expect(found({ PATH: '/usr/bin' }, ['/usr/bin/chromium'])).toBe('/usr/bin/chromium');
    expect(found({ PATH: '/usr/bin', KEYFERRY_CHROMIUM: '/opt/chrome' })).toBe('/opt/chrome');
  });

  it('finds nothing on a machine without a browser', () => {
    expect(findChromium(machine('linux', { PATH: '/usr/bin' }, []))).toBe(undefined);
  });
});

describe('the switches of Chromium', () => {
  it('disable every feature that Playwright disables', () => {
    const root = dirname(createRequire(import.meta.url).resolve('playwright-core/package.json'));
    const bundle = readFileSync(join(root, 'lib/coreBundle.js'), 'utf8');
    const list = /disabledFeatures = \[([^\]]*)\]/.exec(bundle)?.[1] ?? '';
    const features = [...list.matchAll(/"(\w+)"/g)].map(([, name]) => name);
    expect(features.length).toBeGreaterThan(10);
    expect([...PLAYWRIGHT_DISABLES].sort()).toEqual([...features].sort());
  });

  it('name the disabled features once', () => {
    expect(chromiumSwitches().filter((each) => each.startsWith('--disable-features='))).toHaveLength(1);
  });
});
