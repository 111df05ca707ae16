// Computes Argon2id (RFC 9106) with hash-wasm, which is three to five times as fast as an
// implementation in JavaScript (docs/adr/0026). Afterwards erases the memory of the WebAssembly
// instances, because it contains the passphrase and data that can confirm a guess.
import { argon2id } from 'hash-wasm';
import type { Bytes } from '#protocol/bytes/bytes.ts';
import { wipe } from '#protocol/bytes/bytes.ts';
import type { Argon2Cost } from '#protocol/crypto/argon2.ts';

const KEY_LENGTH = 32;

/** Returns 32 bytes, which the caller wipes. Calls must not overlap. */
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
    // The garbage collector may move a small typed array and leave a copy behind. It never moves
    // the bytes of an ArrayBuffer.
    const stable = new Uint8Array(new ArrayBuffer(KEY_LENGTH));
    stable.set(key);
    wipe(key);
    return stable;
  });
}

/**
 * Erases the memories of all instances that `action` creates. hash-wasm does not expose them, so
 * this function replaces WebAssembly.instantiate while `action` runs.
 */
async function erasingMemories<Result>(action: () => Promise<Result>): Promise<Result> {
  const memories: WebAssembly.Memory[] = [];
  const { instantiate } = WebAssembly;
  const recording = async (
    module: WebAssembly.Module,
    imports?: WebAssembly.Imports,
  ): Promise<WebAssembly.Instance> => {
    const instance = await instantiate(module, imports);
    const { memory } = instance.exports;
    if (memory instanceof WebAssembly.Memory) memories.push(memory);
    return instance;
  };
  Object.assign(WebAssembly, { instantiate: recording });
  try {
    return await action();
  } finally {
    Object.assign(WebAssembly, { instantiate });
    for (const memory of memories) new Uint8Array(memory.buffer).fill(0);
  }
}
