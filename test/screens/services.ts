// The AS processes for the screens: the main service with the sets of the tests, and a service in
// demo mode. A case that stops or changes its service gets a new one.
import { Service, type ServiceOptions } from '../e2e/support/service.ts';
import { CHACHA } from '../e2e/support/sets.ts';
import { SHORT, type Texts } from './texts.ts';

/** Two key entries of the set CHACHA: one erases slot 1, the other replaces the transport key. */
export const ERASE_REF1 = 0x0203;
export const REPLACE_REF1 = 0x0204;
/** A set without keys. */
export const EMPTY_SET = 0x0e2e0004;

export const hex = (number: number): string => number.toString(16).padStart(8, '0');

export class Services {
  readonly main: Service;
  readonly texts: Texts;
  readonly #started: Service[];
  #demo: Promise<Service> | undefined;

  private constructor(main: Service, texts: Texts) {
    this.main = main;
    this.texts = texts;
    this.#started = [main];
  }

  static async start(texts: Texts = SHORT): Promise<Services> {
    const { label } = texts;
    const main = await Service.start({ exportsPerMinute: 100_000, label });
    await main.cli('set', 'add', hex(EMPTY_SET), label('Test set without keys'));
    const erase = ['key', 'add', hex(CHACHA.set), ERASE_REF1.toString(16), label('Erase slot 1')];
    await main.cli(...erase, '--erase', '--slot', '1');
    await main.cli('set', 'rotate', hex(CHACHA.set), REPLACE_REF1.toString(16), label('Transport key 2'));
    return new Services(main, texts);
  }

  async startNew(options?: ServiceOptions): Promise<Service> {
    const service = await Service.start({ label: this.texts.label, ...options });
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
