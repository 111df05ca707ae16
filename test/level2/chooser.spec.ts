// Attaches units with the real choosers of the browser, without a managed policy. Answers the
// choosers with the keyboard on an X server.
import { StationPage } from '#test/e2e/support/station-page.ts';
import { unit } from '#test/e2e/support/test.ts';
import { startBrowser } from './support/browser.ts';
import { choose } from './support/chooser.ts';
import { startDisplay } from './support/display.ts';
import { expect, requireLevel2, test } from './support/test.ts';

requireLevel2();

for (const kind of ['USB', 'Serial'] as const) {
  test(`the page can use a unit that is chosen in the ${kind} chooser`, async ({
    addUnit,
    service,
    machine,
    devices,
  }) => {
    const one = await addUnit(unit(undefined, { link: kind === 'USB' ? 'usb' : 'serial' }));
    const display = await startDisplay();
    const { browser, viewsPort, close } = await startBrowser({ machine, devices, display: display.name });
    try {
      const page = await browser.newPage();
      await page.goto(service.url);
      const station = new StationPage(page);
      const button = page.getByRole('button', { name: kind, exact: true });
      await expect(button).toBeVisible();
      await expect(station.lanes).toHaveCount(0);
      await button.click();
      await choose({ display: display.name, viewsPort });
      await station.lane(one.sn).expectWord('Attached');
    } finally {
      await close();
      display.server.kill();
    }
  });
}
