// Entry point of the demo: installs simulated units behind navigator.usb and navigator.serial,
// mounts their bench, then starts the same page as the product.
import { mount } from 'svelte';
import type { UnitDescription } from '#device-sim/setup/description.ts';
import { install, STORAGE_KEY } from '#device-sim/setup/install.ts';
import type { TokenDescription } from '#device-sim/setup/token-description.ts';
import type { Fault } from '#device-sim/unit/faults.ts';
import { hexNumber } from '#protocol/bytes/hex.ts';
import { DEMO_HUB, DEMO_SETS } from '#protocol/demo/demo-sets.ts';
import { DEMO_PREFIX, deleteDemoData, openSettings } from './app/storage.ts';
import { DemoBench, type NamedFault } from './state/demo/demo-bench.svelte.ts';
import { JournalsToReturn } from './state/session/journals-to-return.svelte.ts';
import { t } from './text/t.ts';
import BenchPanel from './ui/demo/BenchPanel.svelte';

const LINKS = ['usb', 'serial', 'both'] as const;
const [first] = DEMO_SETS;
/** One unit of each demo set, eight units on a hub, and a blank unit. */
const UNITS: readonly UnitDescription[] = [
  ...DEMO_SETS.map(({ set, tkv, name }, index): UnitDescription => {
    const sn = `45490000000000${hexNumber(index + 7, 2)}`;
    return { sn, set, tkv, name, link: LINKS[index] ?? 'usb', plugged: index < 2 };
  }),
  ...DEMO_HUB.serialNumbers.map((sn, port) => {
    const { set } = DEMO_HUB;
    const number = port + 1;
    return { sn, set, name: t`Hub, port ${number}`, link: 'usb', plugged: false, permitted: true } as const;
  }),
  {
    sn: '45490000000000FE',
    set: first?.set ?? 0,
    name: t`No USB serial number`,
    usbSerialNumber: false,
    plugged: false,
  },
  { sn: '45490000000000FF', set: first?.set ?? 0, name: t`Fresh from the factory`, blank: true, plugged: false },
];

/** A token card with the keys of the first demo set. The PIN is published, like the keys. */
const CARD: TokenDescription = {
  sn: '45490000000000AC',
  set: first?.set ?? 0,
  name: t`Token card, PIN 123456`,
  plugged: false,
};

/**
 * Number of the memory write that stores the key during an import. The unit first writes the tries
 * and their marker.
 */
const RECORD_WRITE = 3;

/**
 * `after` (in bytes) and `block` are counted from the moment when the fault is armed. From then on
 * the page sends GET CHALLENGE and IMPORTKEY. IMPORTKEY is longer than 200 bytes, and its bit 640
 * is part of the sealed key. The responses before the response to IMPORTKEY have fewer than 60
 * bytes in total.
 */
const FAULTS: readonly NamedFault<Fault>[] = [
  { name: t`unplugged while the key is sent`, fault: { fault: 'unplug', direction: 'out', after: 200 } },
  { name: t`unplugged before the receipt arrives`, fault: { fault: 'unplug', direction: 'in', after: 60 } },
  { name: t`answers too late`, fault: { fault: 'late answer', ms: 6000 } },
  { name: t`refuses the key (6988)`, fault: { fault: 'refuse', ins: 0xd8, statusWord: 0x6988 } },
  { name: t`memory fails (6581)`, fault: { fault: 'refuse', ins: 0xd8, statusWord: 0x6581 } },
  {
    name: t`memory stores other data (6581)`,
    fault: { fault: 'memory', write: RECORD_WRITE, effect: 'other content' },
  },
  { name: t`the line returns what is sent (serial)`, fault: { fault: 'echo', link: 'serial' } },
  {
    name: t`one bit of the key is damaged (serial sends the block again)`,
    fault: { fault: 'corrupt', direction: 'out', block: 2, bit: 640 },
  },
  { name: t`in use by another program`, fault: { fault: 'busy' } },
  { name: t`the operating system denies access`, fault: { fault: 'access denied' } },
];

/** Interval at which the bench refreshes its list of units. */
const REFRESH_MS = 500;

/**
 * Key in sessionStorage. When it is present, the page deletes the data of the demo before it
 * starts. The value is the id of the reset.
 */
const RESET = 'demo-reset';

/** Tells the other tabs of the demo that a tab resets it. */
const resets = new BroadcastChannel(RESET);

/** Starts a new demo. Deletes the data after the reload, because this page could still write. */
function restart(id: string): void {
  sessionStorage.setItem(RESET, id);
  location.reload();
}

/** The other tabs restart too, because they would show and store the data of the old demo. */
function reset(): void {
  const id = crypto.randomUUID();
  resets.postMessage(id);
  restart(id);
}

resets.addEventListener('message', ({ data }: MessageEvent<string>) => restart(data));

const due = sessionStorage.getItem(RESET);
if (due !== null) {
  await deleteDemoData(due, navigator.locks, indexedDB, localStorage);
  sessionStorage.removeItem(STORAGE_KEY);
  sessionStorage.removeItem(RESET);
}
const bench = new DemoBench<Fault>(FAULTS, DEMO_HUB.serialNumbers, {
  read: async (file) => await (await import('./state/demo/read-replay.ts')).readReplay(file),
  asFault: (faults) => ({ fault: 'sequence', faults }),
});
bench.use(install({ units: UNITS, tokens: [CARD], persist: true }, bench.choose));
const fetchFromService = window.fetch.bind(window);
window.fetch = async (input, init) => {
  if (bench.isServiceDown) throw new TypeError('Failed to fetch');
  const { serviceFault } = bench;
  if (serviceFault && typeof input === 'string' && init) {
    const { serviceAnswer } = await import('./state/demo/service-fault.ts');
    const answer = serviceAnswer(serviceFault, input, init);
    if (answer) return await answer;
  }
  return await fetchFromService(input, init);
};
setInterval(() => bench.refresh(), REFRESH_MS);
const target = document.getElementById('bench');
if (!target) throw new TypeError('the page has no #bench');
const unreturned = (): readonly string[] =>
  new JournalsToReturn(openSettings(DEMO_PREFIX)).list.map(({ number }) => number);
mount(BenchPanel, { target, props: { bench: bench as DemoBench, unreturned, onreset: reset } });
await import('./main.ts');
