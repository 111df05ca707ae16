// Checks that a browser of level 2 does not change the machine. Its mounts and policies exist only
// in a separate mount namespace, and its files only in temporary folders.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { DeviceProcess } from '#device-host/umockdev/device-process.ts';
import { unit } from '#test/e2e/support/test.ts';
import { processTree } from './memory/process-memory.ts';
import { startBrowser } from './support/browser.ts';
import { expect, requireLevel2, test } from './support/test.ts';

requireLevel2();

test('a browser and its units leave no process, mount, policy or folder behind', async ({ service, machine }) => {
  const snapshot = () => ({
    mounts: readFileSync('/proc/self/mounts', 'utf8'),
    policies: readdirSync(machine.policies, { recursive: true }),
  });
  // The path is short, because the path of a Unix socket has at most 108 bytes.
  const folder = mkdtempSync('/tmp/kf-');
  const { TMPDIR } = process.env;
  process.env.TMPDIR = folder;
  try {
    const before = snapshot();
    const processes = processTree(process.pid);
    const devices = await DeviceProcess.start();
    await devices.call('add', unit(undefined, { link: 'both' }));
    const { browser, close } = await startBrowser({ machine, devices, permitted: service.url });
    const page = await browser.newPage();
    await page.goto(`${service.url}/favicon.svg`);
    // The policies apply to this browser only.
    await expect.poll(() => page.evaluate(async () => (await navigator.usb.getDevices()).length)).toBe(1);
    expect(snapshot()).toEqual(before);
    expect(readdirSync(folder).length).toBeGreaterThan(1);
    await close();
    await devices.stop();
    expect(snapshot()).toEqual(before);
    await expect.poll(() => processTree(process.pid).filter((pid) => !processes.includes(pid))).toEqual([]);
    // The cache of tsx remains in this folder and is not counted.
    expect(readdirSync(folder).filter((name) => !name.startsWith('tsx-'))).toEqual([]);
  } finally {
    if (TMPDIR === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = TMPDIR;
    rmSync(folder, { recursive: true, force: true });
  }
});
