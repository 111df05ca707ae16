// A browser of level 2 leaves the machine as it was: what it needs is in a mount namespace and in folders of its own.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { DeviceProcess } from '#device-host/umockdev/device-process.ts';
import { unit } from '#test/e2e/support/test.ts';
import { processTree } from './memory/process-memory.ts';
import { startBrowser } from './support/browser.ts';
import { expect, requireLevel2, test } from './support/test.ts';

requireLevel2();

test('a browser and its units leave no process, no mount, no policy and no folder behind', async ({
  service,
  machine,
}) => {
  const look = () => ({
    mounts: readFileSync('/proc/self/mounts', 'utf8'),
    policies: readdirSync(machine.policies, { recursive: true }),
  });
  // Short, since the path of a socket in it may have 108 bytes.
  const folder = mkdtempSync('/tmp/kf-');
  const { TMPDIR } = process.env;
  process.env.TMPDIR = folder;
  try {
    const before = look();
    const processes = processTree(process.pid);
    const desk = await DeviceProcess.start();
    await desk.call('add', unit(undefined, { link: 'both' }));
    const { browser, close } = await startBrowser({ machine, devices: desk, permitted: service.url });
    const page = await browser.newPage();
    await page.goto(`${service.url}/favicon.svg`);
    // It sees its policies, and nobody else does.
    await expect.poll(() => page.evaluate(async () => (await navigator.usb.getDevices()).length)).toBe(1);
    expect(look()).toEqual(before);
    expect(readdirSync(folder).length).toBeGreaterThan(1);
    await close();
    await desk.stop();
    expect(look()).toEqual(before);
    await expect.poll(() => processTree(process.pid).filter((pid) => !processes.includes(pid))).toEqual([]);
    // What tsx has translated, it keeps.
    expect(readdirSync(folder).filter((name) => !name.startsWith('tsx-'))).toEqual([]);
  } finally {
    if (TMPDIR === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = TMPDIR;
    rmSync(folder, { recursive: true, force: true });
  }
});
