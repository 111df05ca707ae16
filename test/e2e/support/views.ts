// Opens the views of the page, which load their parts only then.
import { expect, type Page } from '@playwright/test';

const VIEWS = ['Orders', 'History', 'Tokens', 'Help'];

/** Opens every view but the first, and waits for its content, which is neither a note nor a fault. */
export async function openViews(page: Page): Promise<void> {
  for (const view of VIEWS) {
    // The link to Help also says that an update is ready.
    await page
      .getByRole('navigation', { name: 'Views' })
      .getByRole('link', { name: new RegExp(`^${view}( update)?$`) })
      .click();
    await expect(page.getByRole('heading', { level: 1, name: view })).toBeVisible();
    await expect(page.locator('main > :not(aside, .fault)').first()).toBeVisible();
  }
}
