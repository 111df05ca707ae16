// Reads the permission for the local network. Chrome and Edge 142 and newer ask for it when a page of
// a public address calls an AS in a private network (docs/hosting.md).

/**
 * Names of the permission. Chrome 145 split `local-network-access` into `local-network` and a
 * permission for the same computer.
 */
const NAMES = ['local-network', 'local-network-access'] as const;

/**
 * Returns the state of the permission. Undefined if the browser does not ask because each AS has
 * the origin of the page, or if the browser does not have this permission.
 */
export async function readLocalNetwork(
  permissions: Pick<Permissions, 'query'> | undefined,
  page: string,
  services: readonly string[],
): Promise<PermissionState | undefined> {
  if (services.every((service) => new URL(service).origin === page)) return undefined;
  for (const name of NAMES) {
    try {
      return (await permissions?.query({ name: name as PermissionName }))?.state;
    } catch (error) {
      if (!(error instanceof TypeError)) throw error; // the browser does not know this name
    }
  }
  return undefined;
}
