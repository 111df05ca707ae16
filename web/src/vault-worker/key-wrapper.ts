// Encrypts keys in memory under a WebCrypto key that JavaScript cannot read. A key such as TA is in
// clear only in the copies that the caller requests and wipes.
import { type Bytes, concat, copy, wipe } from '#protocol/bytes/bytes.ts';
import { u32 } from '#protocol/bytes/integers.ts';

/** Returns a decrypted copy of a wrapped key. The caller wipes the copy. */
export type Unwrap = () => Promise<Bytes>;

export class KeyWrapper {
  readonly #subtle: SubtleCrypto;
  readonly #key: CryptoKey;
  #count = 0;

  private constructor(subtle: SubtleCrypto, key: CryptoKey) {
    this.#subtle = subtle;
    this.#key = key;
  }

  static async create(subtle: SubtleCrypto): Promise<KeyWrapper> {
    const key = await subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt']);
    return new KeyWrapper(subtle, key);
  }

  /** Encrypts `bytes`, which the caller wipes. Each call uses another IV. */
  async wrap(bytes: Uint8Array): Promise<Unwrap> {
    const algorithm = { name: 'AES-GCM', iv: concat(u32(0), u32(0), u32(++this.#count)) };
    const plain = copy(bytes);
    try {
      const wrapped = await this.#subtle.encrypt(algorithm, this.#key, plain);
      return async () => new Uint8Array(await this.#subtle.decrypt(algorithm, this.#key, wrapped));
    } finally {
      wipe(plain);
    }
  }
}
