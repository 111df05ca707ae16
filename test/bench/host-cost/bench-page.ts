// The functions of the benchmark page. The benchmark program calls them from Node, one batch of
// exchanges at a time, so that it can interleave the cases.
import type { Case } from './exchange.ts';

export interface BenchPage {
  /** Creates the cases of a bundle and resolves with their names. */
  names(bundle: string): Promise<string[]>;
  /** Runs `count` exchanges of a case and resolves with the time in ms. */
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
