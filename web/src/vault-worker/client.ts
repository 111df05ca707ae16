// The page's side of the one door to a vault's worker (messages.ts), as a KeySource. A worker that is silent for too long or breaks is ended,
// and its keys with it. Knows neither keys nor passphrases beyond the octets that it hands over.
import { type Bytes, wipe } from '#protocol/bytes/bytes.ts';
import { ProtocolError } from '#protocol/errors.ts';
import type { ExportedKey, ExportRequest, KeySource, RecalledExport, Verdict } from '#protocol/provisioning/key-source.ts';
import type { Envelope } from '#protocol/signing/envelope.ts';
import type { Answered, LockReason, Opener, VaultAnswers, VaultQuestion, VaultStatus } from './messages.ts';

/** What a passkey gave; web/src/as-client/passkeys.ts makes it. */
interface NewPasskey {
  readonly credential: Uint8Array;
  readonly salt: Uint8Array;
  readonly output: Bytes;
}

/** What of a Worker is needed. */
export interface VaultWorker {
  postMessage(message: unknown, transfer: Transferable[]): void;
  onmessage: ((event: MessageEvent<Answered>) => unknown) | null;
  onerror: ((event: ErrorEvent) => unknown) | null;
  terminate(): void;
}

/** The dearest Argon2id that a vault may ask for, on a slow phone. */
const UNLOCK_LIMIT_MS = 180_000;
const LIMIT_MS = 15_000;

interface Waiting {
  resolve(answer: VaultAnswers[keyof VaultAnswers]): void;
  reject(error: Error): void;
  readonly timer: ReturnType<typeof setTimeout>;
}

export class VaultClient implements KeySource {
  readonly #worker: VaultWorker;
  readonly #onEnd: () => void;
  readonly #waiting = new Map<number, Waiting>();
  #last = 0;
  #ended = false;

  /** `onEnd` is called once, when the worker is gone for whatever reason. */
  constructor(worker: VaultWorker, onEnd: () => void) {
    this.#worker = worker;
    this.#onEnd = onEnd;
    worker.onmessage = ({ data }) => this.#hear(data);
    worker.onerror = () => this.end();
  }

  /**
   * The opener's secret is handed over: its octets are gone here. On a refusal the worker is of no more use.
   * @throws ProtocolError passphrase-wrong, passkey-refused, vault-malformed, vault-untrusted, vault-changed, vault-early, vault-expired,
   *   journal-failed
   */
  unlock(vault: string, opener: Opener, roots: readonly Uint8Array[]): Promise<VaultStatus> {
    return this.#ask('unlock', { is: 'unlock', vault, opener, roots }, [opener.secret.buffer]);
  }

  /** What the PRF gave is handed over: its octets are gone here. @throws ProtocolError vault-locked, journal-full, journal-failed */
  async enrol({ credential, salt, output }: NewPasskey): Promise<void> {
    await this.#ask('enrol', { is: 'enrol', credential, salt, output }, [output.buffer]);
  }

  async exportKey(request: ExportRequest): Promise<ExportedKey> {
    const { exportId, data } = await this.#ask('export', { is: 'export', request });
    return { exportId, data: data as Bytes };
  }

  verifyReceipt(exportId: string, receipt: Uint8Array, dataHash: Uint8Array): Promise<Verdict> {
    return this.#ask('receipt', { is: 'receipt', exportId, receipt, dataHash });
  }

  async recallExport(idempotencyKey: string): Promise<RecalledExport | undefined> {
    return (await this.#ask('recall', { is: 'recall', idempotencyKey })).exported;
  }

  status(): Promise<VaultStatus> {
    return this.#ask('status', { is: 'status' });
  }

  journal(): Promise<Envelope> {
    return this.#ask('journal', { is: 'journal' });
  }

  /** The signed journal; the worker is ended, also where it could not sign any more. */
  async lock(why: LockReason): Promise<Envelope> {
    try {
      return await this.#ask('lock', { is: 'lock', why });
    } finally {
      this.end();
    }
  }

  /** Ends the worker and all that is in its memory. Any number of times. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#worker.terminate();
    for (const { reject, timer } of this.#waiting.values()) {
      clearTimeout(timer);
      reject(locked());
    }
    this.#waiting.clear();
    this.#onEnd();
  }

  #ask<Is extends keyof VaultAnswers>(
    is: Is,
    question: Extract<VaultQuestion, { is: Is }>,
    transfer: ArrayBuffer[] = [],
  ): Promise<VaultAnswers[Is]> {
    if (this.#ended) {
      // There is nobody left to hand them to.
      wipe(...transfer.map((buffer) => new Uint8Array(buffer)));
      return Promise.reject(locked());
    }
    const id = ++this.#last;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.end(), is === 'unlock' ? UNLOCK_LIMIT_MS : LIMIT_MS);
      this.#waiting.set(id, { resolve: resolve as Waiting['resolve'], reject, timer });
      this.#worker.postMessage({ id, question }, transfer);
    });
  }

  #hear(answered: Answered): void {
    const waiting = this.#waiting.get(answered.id);
    if (waiting === undefined) return;
    this.#waiting.delete(answered.id);
    clearTimeout(waiting.timer);
    if ('answer' in answered) waiting.resolve(answered.answer);
    else if ('refusal' in answered) {
      waiting.reject(new ProtocolError(answered.refusal.code, answered.refusal.message));
    } else waiting.reject(new TypeError(`the vault's worker: ${answered.fault}`));
  }
}

function locked(): ProtocolError {
  return new ProtocolError('vault-locked', 'The vault is locked.');
}
