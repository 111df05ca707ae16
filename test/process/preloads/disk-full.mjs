// Preload (node --import): every write to a file fails with ENOSPC while the file KF_DISK_FULL
// exists.
import { existsSync } from 'node:fs';
import fsp from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';

const handle = await fsp.open('/', 'r');
const prototype = Object.getPrototypeOf(handle);
await handle.close();

for (const [owner, name] of [
  [fsp, 'writeFile'],
  [prototype, 'writeFile'],
  [prototype, 'appendFile'],
]) {
  const original = owner[name];
  owner[name] = async function (...args) {
    if (!existsSync(process.env.KF_DISK_FULL)) return original.apply(this, args);
    throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC', syscall: 'write' });
  };
}
syncBuiltinESMExports();
