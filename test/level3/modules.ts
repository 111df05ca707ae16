// Which kernel modules to load, in which order, from the kernel's own list of what needs what (modules.dep(5)). Pure.

/** The bus, the shared file system and what the tests are about; a name that is not in the list is built in. */
export const WANTED = ['virtio_pci', '9p', '9pnet_virtio', 'overlay', 'virtio_rng', 'vhci_hcd', 'cdc_acm'] as const;

/** Paths of the wanted modules and of all that they need, each after what it needs. */
export function moduleOrder(modulesDep: string, wanted: readonly string[]): string[] {
  const needs = new Map<string, string[]>();
  for (const line of modulesDep.split('\n')) {
    const [path, rest] = line.split(':');
    if (path !== undefined && rest !== undefined) needs.set(path, rest.trim().split(/\s+/).filter(Boolean));
  }
  const order: string[] = [];
  const add = (path: string): void => {
    if (order.includes(path)) return;
    for (const needed of needs.get(path) ?? []) add(needed);
    order.push(path);
  };
  for (const path of needs.keys()) if (wanted.includes(moduleName(path))) add(path);
  return order;
}

/** As lsmod has it. */
export function moduleName(path: string): string {
  return (path.split('/').at(-1) ?? '').replace(/\.ko(\.\w+)?$/, '').replaceAll('-', '_');
}
