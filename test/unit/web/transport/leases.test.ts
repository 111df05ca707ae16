// Two tabs of one browser and one unit between them.
import { describe, expect, it } from 'vitest';
import { ProtocolError } from '#protocol/errors.ts';
import { type Channel, Leases } from '#web/transport/leases.ts';
import type { Link } from '#web/transport/link.ts';

interface Waiting {
  readonly name: string;
  readonly callback: () => unknown;
  readonly signal: AbortSignal | undefined;
  readonly done: (result: unknown) => void;
  readonly refused: (reason: unknown) => void;
}

/** navigator.locks and a BroadcastChannel that all tabs share. */
class Browser {
  readonly #held = new Set<string>();
  #waiting: Waiting[] = [];
  #tabs: { readonly channel: object; readonly listener: (event: MessageEvent) => void }[] = [];

  readonly locks = {
    request: (name: string, ...rest: [{ signal?: AbortSignal } | (() => unknown), (() => unknown)?]) =>
      new Promise((done, refused) => {
        const [options, callback] = rest.length === 2 ? rest : [{}, rest[0]];
        const { signal } = options as { signal?: AbortSignal };
        const waiting = { name, callback: callback as () => unknown, signal, done, refused };
        if (signal?.aborted) refused(signal.reason);
        signal?.addEventListener('abort', () => {
          this.#waiting = this.#waiting.filter((other) => other !== waiting);
          refused(signal.reason);
        });
        this.#waiting.push(waiting);
        this.#grant();
      }),
    query: async () => ({ held: [...this.#held].map((name) => ({ name })), pending: [] }),
  } as unknown as LockManager;

  tab(page: string, limit?: () => AbortSignal): Leases {
    const channel: Channel = {
      postMessage: (data: unknown) => {
        for (const tab of this.#tabs) if (tab.channel !== channel) tab.listener({ data } as MessageEvent);
      },
      addEventListener: (_type: string, listener: unknown) => {
        this.#tabs.push({ channel, listener: listener as (event: MessageEvent) => void });
      },
    };
    return new Leases(this.locks, channel, page, limit);
  }

  #grant(): void {
    for (const waiting of this.#waiting) {
      const { name, callback, done } = waiting;
      if (this.#held.has(name)) continue;
      this.#held.add(name);
      this.#waiting = this.#waiting.filter((other) => other !== waiting);
      void Promise.resolve(callback()).then((result) => {
        this.#held.delete(name);
        done(result);
        this.#grant();
      });
    }
  }
}

/** One unit, which only one handle at a time can open. */
class Unit {
  isOpen = false;
  opened = 0;

  link(usbSerialNumber?: string, id = 1): Link {
    return {
      id,
      kind: 'usb',
      label: 'Unit',
      usb: { vendorId: 0x1209, productId: 1 },
      usbSerialNumber,
      open: async () => {
        this.opened++;
        if (this.isOpen) throw new ProtocolError('device-busy', 'held');
        this.isOpen = true;
        return {
          transmit: () => Promise.reject(new TypeError('nothing is sent here')),
          lost: new Promise(() => undefined),
          close: async () => {
            this.isOpen = false;
          },
        };
      },
    };
  }
}

const ELSEWHERE = { code: 'unit-elsewhere' };

describe('a unit between two tabs', () => {
  it('is said to be in the other tab, which is not the same as in another program', async () => {
    const [browser, unit] = [new Browser(), new Unit()];
    const [a, b] = [browser.tab('a'), browser.tab('b')];
    const open = await a.open(unit.link());
    await expect(b.open(unit.link())).rejects.toMatchObject(ELSEWHERE);
    await open.close();
    unit.isOpen = true;
    await expect(b.open(unit.link())).rejects.toMatchObject({ code: 'device-busy' });
  });

  it('is not even touched by the second one where its serial number tells which it is', async () => {
    const [browser, unit] = [new Browser(), new Unit()];
    await browser.tab('a').open(unit.link('0007'));
    await expect(browser.tab('b').open(unit.link('0007'))).rejects.toMatchObject(ELSEWHERE);
    expect(unit.opened).toBe(1);
    await expect(browser.tab('b').open(new Unit().link('0008'))).resolves.toBeDefined();
  });

  it('goes to the tab that asks for it once the other has let go', async () => {
    const [browser, unit] = [new Browser(), new Unit()];
    const [a, b] = [browser.tab('a'), browser.tab('b')];
    const open = await a.open(unit.link());
    a.onAsked((isAskedFor) => {
      expect(isAskedFor(unit.link('another one'))).toBe(false);
      if (isAskedFor(unit.link())) void open.close();
    });
    await b.take(unit.link());
    await b.open(unit.link());
    await expect(a.open(unit.link())).rejects.toMatchObject(ELSEWHERE);
  });

  it('stays where it is when the other tab does not let go in time', async () => {
    const [browser, unit] = [new Browser(), new Unit()];
    await browser.tab('a').open(unit.link());
    const limit = new AbortController();
    const taking = browser.tab('b', () => limit.signal).take(unit.link());
    limit.abort();
    await expect(taking).rejects.toMatchObject(ELSEWHERE);
    expect(unit.isOpen).toBe(true);
  });

  it('is free again after a link that could not be opened', async () => {
    const [browser, unit] = [new Browser(), new Unit()];
    unit.isOpen = true;
    await expect(browser.tab('a').open(unit.link('0007'))).rejects.toMatchObject({ code: 'device-busy' });
    unit.isOpen = false;
    await expect(browser.tab('b').open(unit.link('0007'))).resolves.toBeDefined();
  });

  it('is no obstacle to a second one of the same kind in one tab', async () => {
    const a = new Browser().tab('a');
    await a.open(new Unit().link(undefined, 1));
    await expect(a.open(new Unit().link(undefined, 2))).resolves.toBeDefined();
  });
});
