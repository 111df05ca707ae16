// Reads the permission for the local network. Chrome and Edge 142 and newer ask for it when a page of
// a public address calls an AS in a private network (docs/hosting.md).

/** Version 145 has split `local-network-access` into this permission and one for the same computer. */
const NAMES = ['local-network', 'local-network-access'] as const;

/**
 * Returns the state of the permission. Undefined if the browser does not ask, because each AS has
 * the origin of the page. Also undefined in a browser without this permission.
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
