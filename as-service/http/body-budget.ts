// Limits the number and the bytes of the request bodies in memory, for all operators and for each
// one. A body is refused before any of it is read.
import { busy } from './answer.ts';

export interface BodyLimits {
  /** Maximum number of bytes of all bodies in memory, of all operators and of one. */
  readonly bytes: number;
  readonly bytesOfOne: number;
  /** Maximum number of bodies that are being read, of all operators and of one. */
  readonly open: number;
  readonly openOfOne: number;
}

interface Share {
  bytes: number;
  open: number;
  bodies: number;
}

/** Time after which a refused client retries, in seconds. */
const RETRY_S = 2;

export class BodyBudget {
  readonly #limits: BodyLimits;
  readonly #shares = new Map<string, Share>();
  readonly #total: Share = { bytes: 0, open: 0, bodies: 0 };

  constructor(limits: BodyLimits) {
    this.#limits = limits;
  }

  /** The bytes of all bodies in memory. */
  get bytes(): number {
    return this.#total.bytes;
  }

  /** The number of bodies that are being read. */
  get open(): number {
    return this.#total.open;
  }

  /** Counts a body of this operator. @throws Problem too-many-requests (503) */
  begin(name: string): BodyAccount {
    const share = this.#shares.get(name) ?? { bytes: 0, open: 0, bodies: 0 };
    const { open, openOfOne } = this.#limits;
    if (this.#total.open >= open || share.open >= openOfOne) throw full();
    this.#shares.set(name, share);
    this.#add(share, { bytes: 0, open: 1, bodies: 1 });
    let bytes = 0;
    let isOpen = true;
    const endReading = () => {
      if (isOpen) this.#add(share, { bytes: 0, open: -1, bodies: 0 });
      isOpen = false;
    };
    return {
      reserve: (more) => {
        if (this.#total.bytes + more > this.#limits.bytes || share.bytes + more > this.#limits.bytesOfOne) throw full();
        bytes += more;
        this.#add(share, { bytes: more, open: 0, bodies: 0 });
      },
      endReading,
      release: () => {
        endReading();
        this.#add(share, { bytes: -bytes, open: 0, bodies: -1 });
        bytes = 0;
        if (share.bodies === 0) this.#shares.delete(name);
      },
    };
  }

  #add(share: Share, change: Readonly<Share>): void {
    for (const each of [share, this.#total]) {
      each.bytes += change.bytes;
      each.open += change.open;
      each.bodies += change.bodies;
    }
  }
}

/** The account of one body. */
export interface BodyAccount {
  /** Counts bytes before they are read. @throws Problem too-many-requests (503) */
  reserve(bytes: number): void;
  /** The body has arrived. Its bytes count until release(). */
  endReading(): void;
  /** The request is answered. To be called once. */
  release(): void;
}

function full(): Error {
  return busy('The service has too many request bodies in memory at the moment.', RETRY_S);
}
