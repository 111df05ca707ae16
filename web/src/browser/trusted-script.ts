// Starts workers. Their URLs pass a Trusted Types policy, which is the only policy that the
// service's Content-Security-Policy allows (docs/adr/0015).

interface ScriptUrlPolicy {
  /** Returns a TrustedScriptURL, typed as the argument of `Worker`. */
  createScriptURL(url: string): string;
}

interface TrustedTypes {
  createPolicy(name: string, rules: ScriptUrlPolicy): ScriptUrlPolicy;
}

/** Allows only URLs of the page's own origin. */
const OWN: ScriptUrlPolicy = {
  createScriptURL(url) {
    if (new URL(url, location.href).origin !== location.origin)
      throw new TypeError(`${url} has another origin than the page`);
    return url;
  },
};

const { trustedTypes } = globalThis as { trustedTypes?: TrustedTypes };
const policy = trustedTypes?.createPolicy('keyferry-url', OWN) ?? OWN;

/** Returns the trusted URL of a script of the page. @throws TypeError for another origin */
export function ownScript(url: string): string {
  return policy.createScriptURL(url);
}

/**
 * Starts a worker. `url` comes from an import of `….worker.ts?worker&url`. The worker reads `name`
 * as `self.name`.
 * @throws TypeError for another origin
 */
export function spawnWorker(url: string, name = ''): Worker {
  return new Worker(ownScript(url), { type: 'module', name });
}
