// The door of the bench's page: the driver calls it from outside, one batch at a time, so that the cases can be interleaved.
import type { Case } from './exchange.ts';

export interface BenchPage {
  /** Sets the cases of a bundle up and answers with their names. */
  names(bundle: string): Promise<string[]>;
  /** Milliseconds for `count` exchanges of the case. */
  time(name: string, count: number): Promise<number>;
}

declare global {
  var keyferryBench: BenchPage & { readonly bundles: Map<string, () => Promise<Case[]>> };
}

const cases = new Map<string, Case>();

export function register(bundle: string, make: () => Promise<Case[]>): void {
  globalThis.keyferryBench ??= {
    bundles: new Map(),
    async names(wanted) {
      const made = (await this.bundles.get(wanted)?.()) ?? [];
      for (const one of made) cases.set(one.name, one);
      return made.map((one) => one.name);
    },
    async time(name, count) {
      const one = cases.get(name);
      if (one === undefined) throw new RangeError(`no case ${name}`);
      const start = performance.now();
      await one.run(count);
      return performance.now() - start;
    },
  };
  globalThis.keyferryBench.bundles.set(bundle, make);
}
