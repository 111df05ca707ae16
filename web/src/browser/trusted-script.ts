// The one place that starts workers, under the one Trusted Types policy that the service allows for script URLs
// (docs/adr/0015-send-the-same-security-headers-always.md). Knows nothing of what they do.

interface ScriptUrlPolicy {
  /** Typed as what `Worker` takes; it is a TrustedScriptURL. */
  createScriptURL(url: string): string;
}

interface TrustedTypes {
  createPolicy(name: string, rules: ScriptUrlPolicy): ScriptUrlPolicy;
}

/** The page's own files. */
const OWN: ScriptUrlPolicy = {
  createScriptURL(url) {
    if (new URL(url, location.href).origin !== location.origin) throw new TypeError(`${url} is not this page's own`);
    return url;
  },
};

const { trustedTypes } = globalThis as { trustedTypes?: TrustedTypes };
const policy = trustedTypes?.createPolicy('keyferry-url', OWN) ?? OWN;

/** A script of this page's own, as what the browser takes for one. @throws TypeError for any other */
export function ownScript(url: string): string {
  return policy.createScriptURL(url);
}

/** `url` is what the bundler gives for `….worker.ts?worker&url`. */
export function spawnWorker(url: string): Worker {
  return new Worker(ownScript(url), { type: 'module' });
}
