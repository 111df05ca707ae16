// Reading with a deadline from a source whose reads cannot be taken back (a WebUSB transferIn, a stream's read): the one that is
// under way is kept over a timeout and answers the next read. Knows neither USB nor serial.
import type { Bytes } from '#protocol/bytes/bytes.ts';
import { ProtocolError } from '#protocol/errors.ts';
import type { After } from './timer.ts';

export class KeptRead {
  readonly #pull: () => Promise<Bytes>;
  readonly #timer: After;
  #pulling = false;
  #arrived: Bytes | undefined;
  /** What every read throws from now on. */
  #failure: { readonly error: unknown } | undefined;
  #wake: (() => void) | undefined;

  /** `pull` resolves with at least one octet and rejects with what read() shall throw. */
  constructor(pull: () => Promise<Bytes>, timer: After) {
    this.#pull = pull;
    this.#timer = timer;
  }

  /** As Port.read. */
  async read(timeoutMs: number): Promise<Bytes | undefined> {
    if (this.#wake !== undefined) throw new RangeError('a read is open already');
    if (this.#failure === undefined && this.#arrived === undefined) {
      if (!this.#pulling) void this.#start();
      await this.#settled(timeoutMs);
    }
    if (this.#failure !== undefined) throw this.#failure.error;
    const bytes = this.#arrived;
    this.#arrived = undefined;
    return bytes;
  }

  /** From now on every read, the open one too, ends with device-lost. */
  end(why: string): void {
    this.#failure ??= { error: new ProtocolError('device-lost', why) };
    this.#wake?.();
  }

  /** Never rejects: an error that comes while nobody reads waits for the next read. */
  async #start(): Promise<void> {
    this.#pulling = true;
    try {
      this.#arrived = await this.#pull();
    } catch (error) {
      this.#failure ??= { error };
    } finally {
      this.#pulling = false;
      this.#wake?.();
    }
  }

  async #settled(timeoutMs: number): Promise<void> {
    let cancel = (): void => undefined;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      cancel = this.#timer(timeoutMs, resolve);
    });
    cancel();
    this.#wake = undefined;
  }
}
