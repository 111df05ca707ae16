// Writes the SBOM of a release: CycloneDX 1.6 JSON with the npm packages whose code is in the
// builds. The SBOM has neither a serial number nor a time, so two builds of the same sources have
// the same SBOM. The format permits both omissions.

/** The members of package-lock.json that the SBOM needs. */
export interface PackageLock {
  readonly packages: Readonly<Record<string, LockedPackage | undefined>>;
}

interface LockedPackage {
  readonly version?: string;
  /** Subresource integrity of the package file: "sha512-…". */
  readonly integrity?: string;
  /** SPDX expression. */
  readonly license?: string;
  /** Name of the package, if its folder has another name. */
  readonly name?: string;
}

export interface SbomOptions {
  readonly version: string;
  readonly license: string;
  /** Folders of packages ("node_modules/svelte"), by the folder of the release that contains their code. */
  readonly packages: Readonly<Record<string, readonly string[]>>;
  readonly lock: PackageLock;
  /** Programs that made the build, by name. Helper code of the bundler is in the build too. */
  readonly tools: Readonly<Record<string, string>>;
}

/** @throws RangeError for a package that package-lock.json does not have */
export function encodeSbom({ version, license, packages, lock, tools }: SbomOptions): string {
  const folders = [...new Set(Object.values(packages).flat())].sort();
  const own = `pkg:generic/keyferry@${version}`;
  const components = folders.map((folder) => {
    const builds = Object.keys(packages).filter((build) => packages[build]?.includes(folder));
    return component(folder, builds, lock.packages[folder]);
  });
  const sbom = {
    $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: {
      tools: {
        components: Object.entries(tools).map(([name, each]) => ({ type: 'application', name, version: each })),
      },
      component: {
        type: 'application',
        'bom-ref': own,
        name: 'keyferry',
        version,
        licenses: [{ expression: license }],
        purl: own,
      },
    },
    components,
    dependencies: [{ ref: own, dependsOn: components.map((each) => each['bom-ref']) }],
  };
  return `${JSON.stringify(sbom, null, 2)}\n`;
}

function component(folder: string, builds: readonly string[], locked: LockedPackage | undefined) {
  const { version, integrity, license, name = folder.replace(/^.*node_modules\//, '') } = locked ?? {};
  if (version === undefined) throw new RangeError(`package-lock.json has no ${folder}`);
  const purl = `pkg:npm/${name.replace('@', '%40')}@${version}`;
  const [, hash = ''] = /^sha512-(.+)$/.exec(integrity ?? '') ?? [];
  return {
    type: 'library',
    'bom-ref': purl,
    name,
    version,
    scope: 'required',
    ...(hash === '' ? {} : { hashes: [{ alg: 'SHA-512', content: Buffer.from(hash, 'base64').toString('hex') }] }),
    ...(license === undefined ? {} : { licenses: [{ expression: license }] }),
    purl,
    properties: builds.map((build) => ({ name: 'keyferry:in', value: build })),
  };
}
