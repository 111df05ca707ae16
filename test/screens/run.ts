// Takes a screenshot of every state of every screen. Usage: `npm run screens -- [--out DIR]
// [--only NAME] [--theme light|dark] [--width 1440|390]`. --only selects the states whose name
// starts with NAME. `npm run screens -- --guide [--language de] [--only NAME]` takes the pictures of the
// guides again, in each built language or in one.
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { type Browser, chromium } from '@playwright/test';
import { guidesIn, picturesOf } from '#build/guide/guides.ts';
import { TRANSLATED } from '#build/languages/documents.ts';
import { builtLanguages, ENGLISH } from '#build/languages/languages.ts';
import { chromiumSwitches, findChromium } from '#test/support/chromium.ts';
import { CASES, contextOptions } from './cases.ts';
import { Driver } from './driver.ts';
import { textsIn } from './examples.ts';
import { type ScreenshotOptions, Screenshots } from './screenshots.ts';
import { Services } from './services.ts';

const LIMIT_MS = 90_000;
/** Quality of WebP at which text and lines are still sharp. A picture has 47 kB on average. */
const QUALITY = 30;

const text = { type: 'string' } as const;
const { out, only, theme, width, guide, language } = parseArgs({
  options: {
    out: { ...text, default: 'test-results/screens' },
    only: { ...text, default: '' },
    theme: text,
    width: text,
    guide: { type: 'boolean', default: false },
    language: text,
  },
}).values;

/** What one run of the cases takes. */
interface Pictures {
  readonly language: string;
  readonly options: ScreenshotOptions;
  /** Whether a case has a state that is taken. */
  readonly wantsCase: (name: string) => boolean;
  /** States that must be taken. */
  readonly required: readonly string[];
}

function everyScreen(): Pictures {
  return {
    language: ENGLISH,
    options: {
      folder: out,
      wants: (state) => state.startsWith(only),
      maxHeight: Number.MAX_SAFE_INTEGER,
      fileName: (state, size, colorScheme) => `${state}--${size}-${colorScheme}.png`,
      widths: ([1440, 390] as const).filter((each) => width === undefined || width === String(each)),
      themes: (['light', 'dark'] as const).filter((each) => theme === undefined || theme === each),
    },
    wantsCase: (name) => name.startsWith(only) || only.startsWith(name),
    required: [],
  };
}

/** Returns the states that the guides in a language show. A translation shows those of the English guide. */
function pictured(language: string): readonly string[] {
  const sources = language === ENGLISH ? guidesIn([]).map(({ source }) => source) : TRANSLATED;
  const documents = sources.map((source) => readFileSync(source, 'utf8'));
  return documents
    .flatMap((document) => [...document.matchAll(/\(images\/([\w-]+)\.webp\)/g)])
    .map(([, state = '']) => state);
}

function picturesOfGuides(language: string): Pictures {
  const required = pictured(language).filter((state) => state.startsWith(only));
  return {
    language,
    options: {
      folder: picturesOf(language),
      wants: (state) => required.includes(state),
      maxHeight: 2000,
      quality: QUALITY,
      fileName: (state, _width, colorScheme) => `${state}${colorScheme === 'dark' ? '-dark' : ''}.webp`,
      widths: [1024],
      themes: ['light', 'dark'],
    },
    wantsCase: (name) => required.some((state) => state.startsWith(name)),
    required,
  };
}

/** Returns the screenshots of the states that were taken. */
async function take(browser: Browser, { language, options, wantsCase, required }: Pictures): Promise<Screenshots> {
  const screenshots = new Screenshots(options);
  const services = await Services.start(textsIn(language));
  try {
    for (const [name, run] of Object.entries(CASES)) {
      if (!wantsCase(name)) continue;
      const [began, before] = [Date.now(), screenshots.states.length];
      const context = await browser.newContext(contextOptions(name, language));
      context.setDefaultTimeout(LIMIT_MS);
      const page = await context.newPage();
      page.on('dialog', (dialog) => void dialog.accept());
      try {
        await run(new Driver(name, page, services, screenshots, language));
        console.log('ok  ', name, `${Math.round((Date.now() - began) / 1000)} s,`, screenshots.states.length - before);
      } catch (error) {
        console.error('FAIL', name, error);
        process.exitCode = 1;
      } finally {
        await context.close();
      }
    }
  } finally {
    await services.stop();
  }
  console.log(`${screenshots.states.length} states in ${options.folder}`);
  const missing = required.filter((state) => !screenshots.states.includes(state));
  if (missing.length > 0) {
    console.error(`no case has the states ${missing.join(', ')}`);
    process.exitCode = 1;
  }
  return screenshots;
}

const executablePath = findChromium();
const browser = await chromium.launch({
  args: chromiumSwitches(),
  ...(executablePath === undefined ? {} : { executablePath }),
});
try {
  if (guide) {
    const languages = builtLanguages(process.env).filter((each) => language === undefined || language === each);
    for (const each of languages) await take(browser, picturesOfGuides(each));
  } else (await take(browser, everyScreen())).writeIndex();
} finally {
  await browser.close();
}
