// Tests the product page with an AS token card on one link and a unit on the other, in both
// combinations. Enters the PIN and loads a key from the card into the unit.
import { memoryDigest } from '#device-sim/setup/control.ts';
import type { LinkKind } from '#device-sim/unit/faults.ts';
import { StationPage } from '../../e2e/support/station-page.ts';
import { TokensPage } from '../../e2e/support/tokens-page.ts';
import { type AppSetup, expectAttached, originOf, textOf } from './app.ts';
import { answerChoosers, openPage, slowExpect } from './browser.ts';
import { GuestUnit } from './guest-unit.ts';
import type { Scenario } from './scenario.ts';

const PIN = '271828';
const KEY = 'Key of a card';
const SLOT = 2;
const CARD_LATENCY = { data: 0, pin: 0, exportKey: 0, verifyReceipt: 0 };
const UNIT_LATENCY = { identity: 0, challenge: 0, importKey: 0 };

export function cardScenarios(setup: AppSetup, set: number): Scenario[] {
  const pairs: readonly (readonly [card: LinkKind, unit: LinkKind])[] = [
    ['usb', 'serial'],
    ['serial', 'usb'],
  ];
  return pairs.map(([card, unit]) => ({
    name: `loads a key from an AS token card over ${card} into a unit over ${unit}`,
    run: () => loadFromCard(setup, set, card, unit),
  }));
}

/**
 * Returns the links of a simulated device. On a real bus a serial port is an interface of a USB
 * device, so a device with a serial port has both links.
 */
const linksOf = (link: LinkKind): 'usb' | 'both' => (link === 'usb' ? 'usb' : 'both');

async function loadFromCard(setup: AppSetup, set: number, cardLink: LinkKind, unitLink: LinkKind): Promise<void> {
  await setup.unit.unplug();
  const entries = [{ ref1: 0x0101, label: KEY, akv: 1 }];
  const sn = cardLink === 'usb' ? 'CA4D3001' : 'CA4D3002';
  const card = new GuestUnit({
    card: { sn, link: linksOf(cardLink), set, entries, pin: PIN, latency: CARD_LATENCY },
  });
  const unit = new GuestUnit({
    description: { sn: `${sn}E1`, link: linksOf(unitLink), set, latency: UNIT_LATENCY },
  });
  await unit.plug();
  await card.plug();
  const page = await openPage(setup.browser(), originOf(unitLink, setup.service().url), answerChoosers);
  try {
    const station = new StationPage(page, slowExpect);
    await expectAttached(station, unit.sn);
    const tokens = new TokensPage(page);
    await tokens.open('AS token card');
    await page.getByRole('button', { name: `Attach card by ${cardLink === 'usb' ? 'USB' : 'serial'}` }).click();
    await slowExpect(page.getByText('3 tries left.')).toBeVisible();
    await tokens.enterPin(PIN);
    await slowExpect(tokens.heading.filter({ hasText: 'Unlocked' })).toBeVisible();
    await tokens.goToStation();
    const lane = station.lane(unit.sn);
    await lane.load(KEY, SLOT);
    await lane.expectWord('Unplug');
    const stored = memoryDigest(unit.unit).slots.find(({ ref2 }) => ref2 === SLOT);
    if (stored?.holdsKey !== true) throw new Error(`slot ${SLOT} has no key`);
    await lane.expectSaid(stored.kcv);
  } catch (error) {
    throw new Error(`${error}\nText of the page:\n${await textOf(page)}`);
  } finally {
    await page.close();
    await unit.unplug();
    await card.unplug();
  }
}
