// With a remote AS and the unit outside the page, T, the unit's device key, T1 and TA are nowhere in the browser: not in the memory of
// the page's process, nor in that of any other of the browser's, while a key is being loaded and afterwards. The same scan finds what
// the page does hold.
import { randomBytes } from 'node:crypto';
import type { Page, Route } from '@playwright/test';
import { fromHex } from '#protocol/bytes/hex.ts';
import { ascii, fromBase64url } from '#protocol/bytes/text.ts';
import { decodeData } from '#protocol/tkl/data.ts';
import { deriveDeviceKey, deriveKey, operationContext } from '#protocol/tkl/key-tree.ts';
import { FIELD_KEY, SHARED } from '#test/e2e/support/sets.ts';
import { unit } from '#test/e2e/support/test.ts';
import { type Role, scanBrowser } from './memory/browser-memory.ts';
import type { Pattern } from './memory/pattern-search.ts';
import { spellings } from './memory/spellings.ts';
import { expect, requireLevel2, test } from './support/test.ts';

requireLevel2();

interface Export {
  readonly random: string;
  readonly data: string;
}

/** The unit writes for longer than a test takes. */
const IMPORT_MS = 600_000;

/** What the page asks of the AS and is answered, read on its way. */
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

/** Something that the page and the browser's own process both hold as long as the page is open: a part of its address. */
async function nameThePage(page: Page): Promise<Pattern> {
  const name = randomBytes(16).toString('hex');
  await page.evaluate((query) => history.replaceState(history.state, '', `?${query}`), name);
  return { name: 'address', octets: ascii(name) };
}

/** What must be nowhere after an export of the key FIELD_KEY to that unit. */
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
  for (const moment of ['during', 'after'] as const) {
    test(`there is no secret in the browser ${moment} a load over ${link}`, async ({ bring, open, page, service }) => {
      test.setTimeout(180_000);
      const latency = { identity: 0, challenge: 0, importKey: moment === 'during' ? IMPORT_MS : 0 };
      const one = await bring(unit(SHARED, { link, latency }));
      const lane = (await open()).lane(one.sn);
      const address = await nameThePage(page);
      const exporting = watchExport(page);
      await lane.load(FIELD_KEY.label, 1);
      const exported = await exporting;
      const sn = fromHex(one.sn.padStart(32, '0'));
      const secrets = secretsOf(sn, exported);
      const controls = [address, ...spellings('SN', sn), { name: 'token', octets: ascii(service.token) }];
      const data = spellings('DATA', fromBase64url(exported.data).subarray(48, 80));

      if (moment === 'during') await lane.expectSaid('The unit writes the key');
      else await lane.expectWord('Unplug');
      const found = await scanBrowser([...secrets, ...controls, ...data]);
      expect(secretsIn(found)).toEqual([]);
      expect(found.browser).toContain('address');
      expect(found.renderer).toEqual(expect.arrayContaining(['address', 'token']));
      expect(found.renderer?.filter((name) => name.startsWith('SN,'))).not.toEqual([]);
      if (moment === 'during') expect(found.renderer).toContain('DATA, octets');

      // Planted in the page, TA is found: the scan would have seen it.
      const key = [...fromHex(FIELD_KEY.key)];
      await page.evaluate((octets) => Object.assign(window, { planted: Uint8Array.from(octets) }), key);
      expect((await scanBrowser(secrets)).renderer).toContain('TA, octets');
    });
  }
}
