// The AS processes for the screens: the main service with the sets of the tests, and a service in
// demo mode. A case that stops or changes its service gets a new one.
import { Service, type ServiceOptions } from '../e2e/support/service.ts';
import { CHACHA } from '../e2e/support/sets.ts';

/** Two key entries of the set CHACHA: one erases slot 1, the other replaces the transport key. */
export const ERASE_REF1 = 0x0203;
export const REPLACE_REF1 = 0x0204;
/** A set without keys. */
export const EMPTY_SET = 0x0e2e0004;

/** Time limit of a start in ms. A service starts slowly on a busy machine. */
const START_LIMIT_MS = 120_000;

export const hex = (number: number): string => number.toString(16).padStart(8, '0');

export class Services {
  readonly main: Service;
  readonly #started: Service[];
  #demo: Promise<Service> | undefined;

  private constructor(main: Service) {
    this.main = main;
    this.#started = [main];
  }

  static async start(): Promise<Services> {
    const main = await Service.start({ exportsPerMinute: 100_000, startLimitMs: START_LIMIT_MS });
    await main.cli('set', 'add', hex(EMPTY_SET), 'Test set without keys');
    const erase = ['key', 'add', hex(CHACHA.set), ERASE_REF1.toString(16), 'Erase slot 1'];
    await main.cli(...erase, '--erase', '--slot', '1');
    await main.cli('set', 'rotate', hex(CHACHA.set), REPLACE_REF1.toString(16), 'Transport key 2');
    return new Services(main);
  }

  async startNew(options?: ServiceOptions): Promise<Service> {
    const service = await Service.start({ startLimitMs: START_LIMIT_MS, ...options });
    this.#started.push(service);
    return service;
  }

  demo(): Promise<Service> {
    this.#demo ??= this.startNew({ demo: true, bare: true });
    return this.#demo;
  }

  async stop(): Promise<void> {
    await Promise.all(this.#started.map((service) => service.stop()));
  }
}
