// Reads with a timeout from a source whose reads cannot be cancelled (a WebUSB transferIn, a
// stream's read). After a timeout the read remains pending, and the next call returns its bytes
// (docs/adr/0019).
import type { Bytes } from '#protocol/bytes/bytes.ts';
import { ProtocolError } from '#protocol/errors.ts';
import type { Timer } from './timer.ts';

interface Caller {
  readonly resolve: (bytes: Bytes | undefined) => void;
  readonly reject: (error: unknown) => void;
  readonly cancel: () => void;
}

export class PendingRead {
  readonly #pull: () => Promise<Bytes>;
  readonly #timer: Timer;
  #isPulling = false;
  #arrived: Bytes | undefined;
  /** The error with which every further read rejects. */
  #failure: { readonly error: unknown } | undefined;
  #caller: Caller | undefined;

  /**
   * `pull` waits for the next bytes. It resolves with at least one byte or rejects with the error
   * that read() reports.
   */
  constructor(pull: () => Promise<Bytes>, timer: Timer) {
    this.#pull = pull;
    this.#timer = timer;
  }

  /**
   * Implements Port.read. Uses callbacks, because an async function would double the time that a
   * read takes.
   */
  read(timeoutMs: number): Promise<Bytes | undefined> {
    return new Promise((resolve, reject) => {
      if (this.#caller !== undefined) throw new RangeError('a read is pending already');
      const cancel = this.#timer(timeoutMs, () => this.#settle(undefined));
      this.#caller = { resolve, reject, cancel };
      if (this.#failure !== undefined || this.#arrived !== undefined) this.#answer();
      else if (!this.#isPulling) this.#start();
    });
  }

  /** Ends the current read and every later one with device-lost. */
  end(reason: string): void {
    this.#failure ??= { error: new ProtocolError('device-lost', reason) };
    this.#answer();
  }

  /** Pulls once. If bytes arrive while no caller waits, they are stored for the next read. */
  #start(): void {
    this.#isPulling = true;
    this.#pull().then(
      (bytes) => {
        this.#isPulling = false;
        this.#arrived = bytes;
        this.#answer();
      },
      (error: unknown) => {
        this.#isPulling = false;
        this.#failure ??= { error };
        this.#answer();
      },
    );
  }

  /** Settles the current read, if any. A failure takes precedence over bytes. */
  #answer(): void {
    if (this.#caller === undefined) return;
    const bytes = this.#arrived;
    if (this.#failure === undefined) this.#arrived = undefined;
    this.#settle(bytes);
  }

  #settle(bytes: Bytes | undefined): void {
    const caller = this.#caller;
    this.#caller = undefined;
    caller?.cancel();
    if (this.#failure !== undefined) caller?.reject(this.#failure.error);
    else caller?.resolve(bytes);
  }
}
