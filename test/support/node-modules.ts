// Replaces functions of Node's own modules, to simulate faults of a disk or to record the
// arguments.
import { syncBuiltinESMExports } from 'node:module';
import { onTestFinished } from 'vitest';

/**
 * Replaces a function of a module of Node until the test ends, also in files that have imported the
 * function by its name. `module` is the default export of the module.
 */
export function replaceInNode<Module extends object, Name extends keyof Module>(
  module: Module,
  name: Name,
  replace: (original: Module[Name]) => Module[Name],
): void {
  // Some functions are behind a getter.
  const original = Object.getOwnPropertyDescriptor(module, name);
  const define = (property: PropertyDescriptor) => {
    Object.defineProperty(module, name, property);
    syncBuiltinESMExports();
  };
  define({ value: replace(module[name]), configurable: true, writable: true, enumerable: true });
  onTestFinished(() => define(original ?? {}));
}

/** Returns an error of the system, such as EIO. */
export function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: scripted`), { code });
}
