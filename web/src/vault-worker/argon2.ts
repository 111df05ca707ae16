// Argon2id (RFC 9106) by hash-wasm, three to five times as fast as JavaScript (docs/adr/0026-use-argon2id-for-vault-passphrases.md). What it works in is erased
// afterwards: the blocks hold what a guess of the passphrase could be checked against, and its hash function's memory the passphrase itself.
import { argon2id } from 'hash-wasm';
import type { Bytes } from '#protocol/bytes/bytes.ts';
import { wipe } from '#protocol/bytes/bytes.ts';
import type { Argon2Cost } from '#protocol/crypto/argon2.ts';

const KEY_LENGTH = 32;

/** 32 bytes, which the caller wipes. One at a time. */
export async function derivePasswordKey(
  password: Uint8Array,
  salt: Uint8Array,
  { memoryKib, passes, lanes }: Argon2Cost,
): Promise<Bytes> {
  return await erasingMemories(async () => {
    const key = await argon2id({
      password,
      salt,
      memorySize: memoryKib,
      iterations: passes,
      parallelism: lanes,
      hashLength: KEY_LENGTH,
      outputType: 'binary',
    });
    // With a buffer of its own it is not moved by the garbage collector, which wipes nothing where it was.
    const kept = new Uint8Array(new ArrayBuffer(KEY_LENGTH));
    kept.set(key);
    wipe(key);
    return kept;
  });
}

/** hash-wasm gives no way to the memories of its instances: they are noted as they are made. */
async function erasingMemories<Result>(work: () => Promise<Result>): Promise<Result> {
  const memories: WebAssembly.Memory[] = [];
  const { instantiate } = WebAssembly;
  const noting = async (module: WebAssembly.Module, imports?: WebAssembly.Imports): Promise<WebAssembly.Instance> => {
    const instance = await instantiate(module, imports);
    const { memory } = instance.exports;
    if (memory instanceof WebAssembly.Memory) memories.push(memory);
    return instance;
  };
  Object.assign(WebAssembly, { instantiate: noting });
  try {
    return await work();
  } finally {
    Object.assign(WebAssembly, { instantiate });
    for (const memory of memories) new Uint8Array(memory.buffer).fill(0);
  }
}
