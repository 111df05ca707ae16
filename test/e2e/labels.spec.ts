// The label of a unit: read with Chromium's simulated camera, which shows a picture of a real code.
import { readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeLabel } from '#protocol/orders/label.ts';
import { chromiumSwitches, findHeadlessChromium } from '#test/support/chromium.ts';
import { qrCode } from '#web/ui/sign-in/qr-code.ts';
import { expectAccessible } from './support/accessible.ts';
import { writePicture } from './support/camera-picture.ts';
import { openNew } from './support/orders-page.ts';
import { FIELD_KEY } from './support/sets.ts';
import { expect, test, unit } from './support/test.ts';

const PICTURE = join(tmpdir(), `kf-camera-${process.pid}.y4m`);
const executablePath = findHeadlessChromium();

test.use({
  launchOptions: {
    args: [
      ...chromiumSwitches(),
      '--use-fake-ui-for-media-stream',
      '--use-fake-device-for-media-stream',
      `--use-file-for-fake-video-capture=${PICTURE}`,
    ],
    ...(executablePath === undefined ? {} : { executablePath }),
  },
});
test.afterAll(() => rm(PICTURE, { force: true }));

test('a unit is loaded after the camera has read its label, and not after another label', async ({
  open,
  service,
  page,
}) => {
  const [one, two] = [unit(), unit()];
  await writePicture(PICTURE, qrCode(two.sn));
  const { orders, station, id } = await openNew({ open, service, page }, [one], {
    units: [one.sn],
    options: ['--label-scan'],
  });
  await orders.attach(one.sn);
  await orders.start();
  await orders.expectWord(one.sn, 'Scan label');
  const camera = page.getByRole('button', { name: 'Scan with camera' });
  await camera.click();
  await orders.expectWord(one.sn, 'Other label');
  expect(await page.evaluate(() => document.hasFocus())).toBe(true);

  await orders.tile(one.sn).getByRole('button', { name: 'Scan again' }).click();
  await writePicture(PICTURE, qrCode(encodeLabel(one.sn.padStart(32, '0'), '08D7B4FB62')));
  await camera.click();
  await orders.expectWord(one.sn, 'Unplug');

  const labels = page.getByRole('region', { name: 'Labels' });
  const [saved] = await Promise.all([
    page.waitForEvent('download'),
    labels.getByRole('button', { name: 'Save label' }).click(),
  ]);
  expect(saved.suggestedFilename()).toBe(`labels-${id}.svg`);
  const rows = await station.openHistory();
  await rows.first().getByRole('button').first().click();
  const [printed] = await Promise.all([
    page.waitForEvent('popup'),
    page.getByRole('button', { name: 'Print label' }).click(),
  ]);
  const sheet = printed.getByRole('img', { name: 'Labels' });
  await expect(sheet).toContainText(FIELD_KEY.label);
  await expect(sheet).toContainText(id);
  // Both images are the same.
  const file = await readFile(await saved.path(), 'utf8');
  expect(await sheet.locator('path').getAttribute('d')).toBe(/ d="([^"]+)"/.exec(file)?.[1]);
});

test('only the page that reads labels may use the camera', async ({ open, service, page, watch }) => {
  const one = unit();
  await writePicture(PICTURE);
  const { orders } = await openNew({ open, service, page }, [one], { units: [one.sn], options: ['--label-scan'] });
  const use = () =>
    navigator.mediaDevices.getUserMedia({ video: true }).then(
      () => 'permitted',
      ({ name }: Error) => name,
    );
  expect(await page.evaluate(use)).toBe('NotAllowedError');
  expect(watch.offences.splice(0)).toEqual([expect.stringContaining('camera is not allowed in this document')]);
  await orders.attach(one.sn);
  await orders.start();
  const [scan] = await Promise.all([
    page.waitForEvent('popup'),
    page.getByRole('button', { name: 'Scan with camera' }).click(),
  ]);
  await expect(scan.getByRole('status')).toHaveText('Hold the code on the label in front of the camera.');
  await expect.poll(() => scan.locator('video').evaluate((video: HTMLVideoElement) => video.videoWidth)).toBe(640);
  const devices = () =>
    navigator.usb.getDevices().then(
      () => 'permitted',
      ({ name }: Error) => name,
    );
  expect(await scan.evaluate(devices)).toBe('SecurityError');
  await expectAccessible(scan, 'the scan of a label');
  await Promise.all([scan.waitForEvent('close'), scan.getByRole('button', { name: 'Close' }).click()]);
  await orders.expectWord(one.sn, 'Scan label');

  await page.goto(`${service.url}/label.html`);
  await expect(page.getByRole('status')).toContainText('Open an order, and press Scan with camera there.');
});
