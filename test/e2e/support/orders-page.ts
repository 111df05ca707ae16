// The page as an operator uses it for a work order: opens the order, loads its units, closes it and
// opens the report.
import { expect, type Locator, type Page } from '@playwright/test';
import type { UnitDescription } from '#device-sim/setup/description.ts';
import type { Service } from './service.ts';
import { DIVERSIFIED, FIELD_KEY, type TestKey, type TestSet } from './sets.ts';
import type { StationPage } from './station-page.ts';

let lastOrder = 0;

export interface NewOrder {
  readonly units: readonly string[];
  readonly set?: TestSet;
  /** Each key with its slot. */
  readonly lines?: readonly (readonly [TestKey, number])[];
  /** Further options of `order add`. */
  readonly options?: readonly string[];
}

/** Issues an order at the AS. Returns its id. */
export async function issue(service: Service, order: NewOrder): Promise<string> {
  const { units, set = DIVERSIFIED, lines = [[FIELD_KEY, 2]], options = [] } = order;
  const id = `E2E-${process.pid}-${++lastOrder}`;
  const number = set.set.toString(16).padStart(8, '0');
  await service.cli(
    ...['order', 'add', id, 'Meters of the north', '--set', number],
    ...lines.flatMap(([key, slot]) => ['--line', `${key.ref1.toString(16)}:${slot}`]),
    ...units.flatMap((sn) => (sn.includes('-') ? ['--range', sn] : ['--unit', sn])),
    ...options,
  );
  return id;
}

/** The fixtures that a test of an order uses. */
interface Fixtures {
  readonly open: (units: readonly UnitDescription[]) => Promise<StationPage>;
  readonly service: Service;
  readonly page: Page;
}

/** Issues an order, signs in on a station with the given units, and opens the order. */
export async function openNew(
  { open, service, page }: Fixtures,
  attached: readonly UnitDescription[],
  order: NewOrder,
) {
  const id = await issue(service, order);
  const station = await open(attached);
  await station.signIn(service.token);
  const orders = new OrdersPage(page);
  await orders.open(id);
  return { id, station, orders };
}

export class OrdersPage {
  readonly page: Page;
  /** One tile per lane. */
  readonly tiles: Locator;
  readonly progress: Locator;

  constructor(page: Page) {
    this.page = page;
    this.tiles = page.getByRole('article');
    this.progress = page.getByRole('progressbar', { name: 'Units done' });
  }

  /** The button that opens an order of the AS or of this station. */
  openButton(id: string): Locator {
    return this.page.getByRole('main').getByRole('button', { name: `Open ${id}`, exact: true });
  }

  /** The row of an order in the list. */
  row(id: string): Locator {
    return this.page
      .getByRole('main')
      .getByRole('listitem')
      .filter({ has: this.page.getByRole('heading') })
      .filter({ hasText: id });
  }

  /** Opens an order of the AS and waits for its board. */
  async open(id: string): Promise<void> {
    await this.page.getByRole('link', { name: 'Orders' }).click();
    await this.openButton(id).click();
    await expect(this.progress).toBeVisible();
  }

  async attach(sn: string): Promise<void> {
    await this.page.evaluate((choice) => window.keyferrySimulator?.nextChoice(choice), sn);
    await this.page.getByRole('button', { name: 'USB', exact: true }).click();
    await expect(this.tile(sn)).toBeVisible();
  }

  async start(): Promise<void> {
    await this.page.getByRole('button', { name: /^(Start order|Go on)/ }).click();
  }

  /** Opens the report of the closed order. The report is then the only article of the page. */
  async openReport(): Promise<void> {
    await this.page.getByRole('link', { name: 'Open report' }).click();
    await expect(this.page.getByRole('article')).toHaveCount(1);
  }

  tile(sn: string): Locator {
    return this.tiles.filter({ hasText: sn.toUpperCase().padStart(32, '0') });
  }

  async expectWord(sn: string, word: string): Promise<void> {
    await expect(this.tile(sn).getByRole('heading', { level: 2 })).toHaveText(word);
  }

  async expectDone(count: number): Promise<void> {
    await expect(this.progress).toHaveAttribute('aria-valuenow', String(count));
  }

  /** Closes an order whose units are all done. */
  async close(): Promise<void> {
    await this.page.getByRole('button', { name: 'Close order', exact: true }).click();
  }

  /** The form that says how the order would end. */
  get closingForm(): Locator {
    return this.page.getByRole('form', { name: /not done$/ });
  }

  /** Asks to close an order whose units are not all done. The page must show `ending`. */
  async requestClosing(ending: readonly string[]): Promise<void> {
    await this.close();
    await expect(this.closingForm.getByRole('list').first().getByRole('listitem')).toHaveText([...ending]);
  }

  /** Confirms that the order ends with `count` units that are not done. */
  async confirmClosing(count: number): Promise<void> {
    const units = count === 1 ? '1 unit' : `${count} units`;
    await this.closingForm.getByRole('button', { name: `Close order with ${units} not done` }).click();
  }
}
