// The layout check finds each kind of fault where it is planted, and none in a page without faults.
import { expect, test } from '@playwright/test';
import { findLayoutFaults } from '../layout/layout-check.ts';

const WORD = 'Donaudampfschifffahrtsgesellschaftskapitänsmütze'.repeat(3);
const LETTERS = 'words that need more space than there is '.repeat(4);

/** Pages with one fault each, and the beginning of the text with which the check must report it. */
const PLANTED: Readonly<Record<string, readonly [html: string, fault: string]>> = {
  'a page that scrolls sideways': [`<p style="width: 3000px">Wide</p>`, 'scrolls sideways'],
  'a control left of the window': [`<button style="margin-left: -40px">Left</button>`, 'outside the window'],
  'a text cut by its box': [`<p style="overflow: hidden; white-space: nowrap">${LETTERS.repeat(20)}</p>`, 'cut'],
  'a text shortened by an ellipsis': [
    `<p style="width: 80px; overflow: hidden; white-space: nowrap; text-overflow: ellipsis">${LETTERS}</p>`,
    'cut',
  ],
  'lines below the edge of a box': [`<p style="width: 80px; height: 30px; overflow: clip">${LETTERS}</p>`, 'cut'],
  'a text that crosses its border': [`<p style="width: 80px; border: 1px solid">${WORD}</p>`, 'crosses the edge'],
  'two texts on the same place': [
    `<p style="height: 4px; margin: 0">First text</p><p style="margin: 0">Second text</p>`,
    'overlap',
  ],
  'a text on a button': [
    `<button style="position: absolute; top: 0">Press</button><p style="position: absolute; top: 0">Under it</p>`,
    'overlap',
  ],
  'two buttons on the same place': [`<button>One</button><button style="margin-left: -20px">Two</button>`, 'overlap'],
  'two small buttons side by side': [
    `<button style="padding: 0; border: 0">a</button><button style="padding: 0; border: 0">b</button>`,
    'smaller than 24 px',
  ],
  'a fixed bar that is higher than the window': [
    `<nav style="position: fixed; top: 0">${'<p style="margin: 0; height: 200px">View</p>'.repeat(12)}</nav>`,
    'below the window',
  ],
  'a scrolling text that the keyboard cannot reach': [
    `<div style="overflow: auto; height: 60px" tabindex="-1"><p style="margin: 90px 0">Far below</p></div>`,
    'scrolls, and the keyboard',
  ],
  'a number whose groups change places': [`<p>0001 0000</p>`, 'groups in the wrong sequence'],
  'a translation that needs more space': [
    `<div style="width: 60px; overflow: hidden; white-space: nowrap; font: 16px monospace">Confirm</div>`,
    'cut',
  ],
};

/** Pages without faults that resemble those above. */
const SOUND: Readonly<Record<string, string>> = {
  'a text that wraps': `<p style="width: 200px; border: 1px solid; overflow-wrap: anywhere">${WORD}</p>`,
  'a list that the keyboard can scroll': `<ol tabindex="0" style="height: 60px; overflow: auto"><li style="margin: 90px 0">Far</ol>`,
  'a text for screen readers': `<p>Slot <span style="position: absolute; clip-path: inset(50%)">${WORD}</span></p>`,
  'a row that opens': `<button aria-expanded="false" style="width: 99px; overflow: hidden; white-space: nowrap">${LETTERS}</button>`,
  'a closed disclosure': `<details><summary>More</summary><p style="width: 4000px">Wide</p></details>`,
  'a number from left to right': `<p><code style="direction: ltr; unicode-bidi: isolate">0001 0000</code></p>`,
  'a bar at the edge above the page': `<nav style="position: sticky; top: 0">Views</nav><p style="margin-top: -18px">Page</p>`,
  'a link in a sentence': `<p>Use <a href="#one">one</a>, <a href="#two">two</a> or <a href="#three">three</a>.</p>`,
};

for (const [name, [html, fault]] of Object.entries(PLANTED)) {
  test(`the layout check finds ${name}`, async ({ page }) => {
    await page.setContent(html);
    expect((await findLayoutFaults(page)).map((each) => each.slice(0, fault.length))).toContain(fault);
  });
}

for (const [name, html] of Object.entries(SOUND)) {
  test(`the layout check accepts ${name}`, async ({ page }) => {
    await page.setContent(html);
    expect(await findLayoutFaults(page)).toEqual([]);
  });
}

test('the layout check leaves the page as it was', async ({ page }) => {
  await page.setContent('<html dir="ltr"><body><p>Load the key into slot 2</p></body></html>');
  await findLayoutFaults(page);
  await expect(page.locator('p')).toHaveText('Load the key into slot 2');
  await expect(page.locator('html')).toHaveAttribute('dir', 'ltr');
});
