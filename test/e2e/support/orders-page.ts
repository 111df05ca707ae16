// The page as an operator of a work order sees it: the list, the board of lanes, the closing, the report.
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
  readonly options?: readonly string[];
}

/** Has the AS issue an order; its number. */
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

/** What a test of an order is handed. */
interface Bench {
  readonly open: (units: readonly UnitDescription[]) => Promise<StationPage>;
  readonly service: Service;
  readonly page: Page;
}

/** These units are on the ports, somebody is signed in, and a new order is on the board. */
export async function takeUpNew({ open, service, page }: Bench, here: readonly UnitDescription[], order: NewOrder) {
  const id = await issue(service, order);
  const station = await open(here);
  await station.signIn(service.token);
  const orders = new OrdersPage(page);
  await orders.takeUp(id);
  return { id, station, orders };
}

export class OrdersPage {
  readonly page: Page;
  /** A lane each. */
  readonly tiles: Locator;
  readonly progress: Locator;

  constructor(page: Page) {
    this.page = page;
    this.tiles = page.getByRole('article');
    this.progress = page.getByRole('progressbar', { name: 'Units done' });
  }

  /** Takes the order from the list of the AS; the board of its lanes comes up. */
  async takeUp(id: string): Promise<void> {
    await this.page.getByRole('link', { name: 'Orders' }).click();
    await this.page.getByRole('button', { name: `Take up ${id}` }).click();
    await expect(this.progress).toBeVisible();
  }

  async attach(sn: string): Promise<void> {
    await this.page.evaluate((choice) => window.keyferrySimulator?.nextChoice(choice), sn);
    await this.page.getByRole('button', { name: 'USB', exact: true }).click();
    await expect(this.tile(sn)).toBeVisible();
  }

  async goOn(): Promise<void> {
    await this.page.getByRole('button', { name: 'Go on' }).click();
  }

  /** Opens the report of the order that was closed; its sheet is then the only article, and no lane is one any more. */
  async toReport(): Promise<void> {
    await this.page.getByRole('link', { name: 'To the report' }).click();
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

  async close(absentReason?: string): Promise<void> {
    if (absentReason !== undefined) await this.page.getByLabel(/will not come/).fill(absentReason);
    await this.page.getByRole('button', { name: 'Close and sign the report' }).click();
  }
}
