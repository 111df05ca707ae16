// Reading with a deadline from a source whose reads cannot be taken back (a WebUSB transferIn, a stream's read): the one that is
// under way is kept over a timeout and answers the next read. Knows neither USB nor serial.
import type { Bytes } from '#protocol/bytes/bytes.ts';
import { ProtocolError } from '#protocol/errors.ts';
import type { After } from './timer.ts';

interface Waiting {
  readonly resolve: (bytes: Bytes | undefined) => void;
  readonly reject: (error: unknown) => void;
  readonly cancel: () => void;
}

export class PendingRead {
  readonly #pull: () => Promise<Bytes>;
  readonly #timer: After;
  #pulling = false;
  #arrived: Bytes | undefined;
  /** What every read throws from now on. */
  #failure: { readonly error: unknown } | undefined;
  #waiting: Waiting | undefined;

  /** `pull` resolves with at least one octet and rejects with what read() shall throw. */
  constructor(pull: () => Promise<Bytes>, timer: After) {
    this.#pull = pull;
    this.#timer = timer;
  }

  /** As Port.read. Plain callbacks: each further async function would cost as much as the reading. */
  read(timeoutMs: number): Promise<Bytes | undefined> {
    return new Promise((resolve, reject) => {
      if (this.#waiting !== undefined) throw new RangeError('a read is open already');
      const cancel = this.#timer(timeoutMs, () => this.#settle(undefined));
      this.#waiting = { resolve, reject, cancel };
      if (this.#failure !== undefined || this.#arrived !== undefined) this.#answer();
      else if (!this.#pulling) this.#start();
    });
  }

  /** From now on every read, the open one too, ends with device-lost. */
  end(why: string): void {
    this.#failure ??= { error: new ProtocolError('device-lost', why) };
    this.#answer();
  }

  /** What comes while nobody reads waits for the next read. */
  #start(): void {
    this.#pulling = true;
    this.#pull().then(
      (bytes) => {
        this.#pulling = false;
        this.#arrived = bytes;
        this.#answer();
      },
      (error: unknown) => {
        this.#pulling = false;
        this.#failure ??= { error };
        this.#answer();
      },
    );
  }

  /** Gives the open read, if there is one, what is there for it: a failure before octets. */
  #answer(): void {
    if (this.#waiting === undefined) return;
    const bytes = this.#arrived;
    if (this.#failure === undefined) this.#arrived = undefined;
    this.#settle(bytes);
  }

  #settle(bytes: Bytes | undefined): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.cancel();
    if (this.#failure !== undefined) waiting?.reject(this.#failure.error);
    else waiting?.resolve(bytes);
  }
}
