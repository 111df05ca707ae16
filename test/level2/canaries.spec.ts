// Searches the memory of all browser processes for T, K_D, T1 and TA, during and after a load. The
// AS is remote, and the unit is outside the page. The search must find none of the keys. As a
// control, the same search must find data that the page has.
import { randomBytes } from 'node:crypto';
import type { Page, Route } from '@playwright/test';
import { fromHex } from '#protocol/bytes/hex.ts';
import { ascii, fromBase64url } from '#protocol/bytes/text.ts';
import { decodeData } from '#protocol/tkl/data.ts';
import { deriveDeviceKey, deriveKey, operationContext } from '#protocol/tkl/key-tree.ts';
import { FIELD_KEY, SHARED } from '#test/e2e/support/sets.ts';
import { unit } from '#test/e2e/support/test.ts';
import { plant, type Role, scanBrowser } from './memory/browser-memory.ts';
import type { Pattern } from './memory/pattern-search.ts';
import { spellings } from './memory/spellings.ts';
import { expect, requireLevel2, test } from './support/test.ts';

requireLevel2();

interface Export {
  readonly random: string;
  readonly data: string;
}

/**
 * Duration of the import in ms. It is longer than a test, so that the unit still writes the key
 * during the search.
 */
const IMPORT_MS = 600_000;

/** Resolves with the next export that the page requests. */
function watchExport(page: Page): Promise<Export> {
  return new Promise((resolve, reject) => {
    const pass = async (route: Route): Promise<void> => {
      const response = await route.fetch();
      const { random } = route.request().postDataJSON() as { random: string };
      const { data } = (await response.json()) as { data: string };
      await route.fulfill({ response });
      resolve({ random, data });
    };
    page.route('**/v1/exports', (route) => pass(route).catch(reject)).catch(reject);
  });
}

const secretsIn = (found: Record<Role, string[]>): string[] =>
  Object.values(found)
    .flat()
    .filter((name) => /^(T|K_D|T1|TA),/.test(name));

/**
 * Adds a random query to the address of the page. As a control, the search must find the query in
 * the renderer and in the browser process.
 */
async function markAddress(page: Page): Promise<Pattern> {
  const query = randomBytes(16).toString('hex');
  await page.evaluate((text) => history.replaceState(history.state, '', `?${text}`), query);
  return { name: 'address', bytes: ascii(query) };
}

/** Returns patterns for the secrets of this export of FIELD_KEY: T, K_D, T1 and TA. */
function secretsOf(sn: Uint8Array, { random, data }: Export): Pattern[] {
  const transportKey = fromHex(SHARED.transportKey);
  const deviceKey = deriveDeviceKey('cmac', transportKey, { set: SHARED.set, tkv: 1, sn });
  const context = operationContext(decodeData(fromBase64url(data)).headerBytes, fromBase64url(random));
  return [
    ...spellings('T', transportKey),
    ...spellings('K_D', deviceKey),
    ...spellings('T1', deriveKey('cmac', deviceKey, 'TKL1OPK', context)),
    ...spellings('TA', fromHex(FIELD_KEY.key)),
  ];
}

for (const link of ['usb', 'serial'] as const) {
  // Each test searches for the secrets at one moment only. The search takes longer than the
  // timeouts of the page, so the load fails meanwhile and cannot continue to a second moment.
  for (const moment of ['during', 'after'] as const) {
    test(`the memory of the browser contains no secret ${moment} a load over ${link}`, async ({
      addUnit,
      open,
      page,
      service,
    }) => {
      test.setTimeout(180_000);
      const latency = { identity: 0, challenge: 0, importKey: moment === 'during' ? IMPORT_MS : 0 };
      const one = await addUnit(unit(SHARED, { link, latency }));
      const lane = (await open()).lane(one.sn);
      const address = await markAddress(page);
      const exporting = watchExport(page);
      await lane.load(FIELD_KEY.label, 1);
      const exported = await exporting;
      const sn = fromHex(one.sn.padStart(32, '0'));
      const secrets = secretsOf(sn, exported);
      const controls = [address, ...spellings('SN', sn), { name: 'token', bytes: ascii(service.token) }];
      const data = spellings('DATA', fromBase64url(exported.data).subarray(48, 80));

      if (moment === 'during') await lane.expectSaid('The unit writes the key');
      else await lane.expectWord('Unplug');
      const found = await scanBrowser([...secrets, ...controls, ...data]);
      expect(secretsIn(found)).toEqual([]);
      expect(found.browser).toContain('address');
      expect(found.renderer).toEqual(expect.arrayContaining(['address', 'token']));
      expect(found.renderer?.filter((name) => name.startsWith('SN,'))).not.toEqual([]);
      if (moment === 'during') expect(found.renderer).toContain('DATA, bytes');

      // Control: after TA is planted in the page, the search must find it.
      await plant(page, FIELD_KEY.key);
      expect((await scanBrowser(secrets)).renderer).toContain('TA, bytes');
    });
  }
}
