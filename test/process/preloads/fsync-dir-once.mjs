// Preload (node --import): only the KF_NTH-th fsync of a folder fails, with EIO.
import fsp from 'node:fs/promises';

const handle = await fsp.open('/', 'r');
const prototype = Object.getPrototypeOf(handle);
await handle.close();
const original = prototype.sync;
let count = 0;
prototype.sync = async function () {
  if ((await this.stat()).isDirectory() && ++count === Number(process.env.KF_NTH)) {
    throw Object.assign(new Error('EIO: i/o error, fsync'), { errno: -5, code: 'EIO', syscall: 'fsync' });
  }
  return original.call(this);
};
