// If no other address is set, the AS is at v1 in the folder of the page.
import { describe, expect, it } from 'vitest';
import { folderOf } from '#web/app/as-base.ts';

describe('the address of the AS', () => {
  it.each([
    ['https://keys.example/', 'https://keys.example'],
    ['https://keys.example/#orders', 'https://keys.example'],
    ['https://keys.example/demo.html', 'https://keys.example'],
    ['https://intranet.example/tools/keys/', 'https://intranet.example/tools/keys'],
    ['https://intranet.example/tools/keys/index.html?a=/b/#history/c', 'https://intranet.example/tools/keys'],
    ['https://intranet.example:8443/tools/keys/demo.html', 'https://intranet.example:8443/tools/keys'],
    ['http://[::1]:8787/', 'http://[::1]:8787'],
  ])('of the page %s is %s', (page, address) => {
    expect(folderOf(page)).toBe(address);
  });
});
