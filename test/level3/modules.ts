// Computes which kernel modules to load, and in which order, from the dependencies in
// modules.dep(5).

/**
 * Modules of the bus, of the shared file system and of the drivers under test. A kernel may have
 * some of them built in.
 */
export const REQUIRED_MODULES = [
  'virtio_pci',
  '9p',
  '9pnet_virtio',
  'overlay',
  'virtio_rng',
  'vhci_hcd',
  'cdc_acm',
] as const;

/**
 * Returns the paths of the required modules and of their dependencies. A module follows its
 * dependencies.
 */
export function moduleSequence(modulesDep: string, required: readonly string[]): string[] {
  const dependencies = new Map<string, string[]>();
  for (const line of modulesDep.split('\n')) {
    const [path, rest] = line.split(':');
    if (path !== undefined && rest !== undefined) dependencies.set(path, rest.trim().split(/\s+/).filter(Boolean));
  }
  const sequence: string[] = [];
  const add = (path: string): void => {
    if (sequence.includes(path)) return;
    for (const dependency of dependencies.get(path) ?? []) add(dependency);
    sequence.push(path);
  };
  for (const path of dependencies.keys()) if (required.includes(moduleName(path))) add(path);
  return sequence;
}

/** Returns the name of a module as lsmod prints it. */
export function moduleName(path: string): string {
  return (path.split('/').at(-1) ?? '').replace(/\.ko(\.\w+)?$/, '').replaceAll('-', '_');
}
