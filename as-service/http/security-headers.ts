// The headers of every answer, errors included (docs/adr/0015-send-the-same-security-headers-always.md). Plain objects, put together once: an answer is
// then one literal and costs nothing.

/** Everything that a page could ask of the browser is off, but for the two ways to a unit, the page's Copy buttons, a screen that stays on
 * while a key is loaded, and a passkey for a vault. */
const PERMISSIONS = [
  'usb=(self)',
  'serial=(self)',
  'clipboard-write=(self)',
  'screen-wake-lock=(self)',
  'publickey-credentials-create=(self)',
  'publickey-credentials-get=(self)',
  ...[
    'accelerometer',
    'autoplay',
    'camera',
    'clipboard-read',
    'display-capture',
    'encrypted-media',
    'fullscreen',
    'gamepad',
    'geolocation',
    'gyroscope',
    'hid',
    'idle-detection',
    'local-fonts',
    'magnetometer',
    'microphone',
    'midi',
    'payment',
    'picture-in-picture',
    'storage-access',
    'sync-xhr',
    'window-management',
    'xr-spatial-tracking',
  ].map((feature) => `${feature}=()`),
].join(', ');

/** `styleHashes`: base64 of SHA-256 of each inline style block; `dataImages`: the page itself holds data: images. */
export function contentSecurityPolicy({ styleHashes = [] as readonly string[], dataImages = false } = {}): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    ["style-src 'self'", ...styleHashes.map((hash) => `'sha256-${hash}'`)].join(' '),
    `img-src 'self'${dataImages ? ' data:' : ''}`,
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    'trusted-types svelte-trusted-html keyferry-url',
  ].join('; ');
}

/**
 * Of the vault's worker, which is one file: it compiles the WebAssembly in it, and may fetch nothing, connect to nothing and start
 * nothing.
 */
export const VAULT_WORKER_POLICY = [
  "default-src 'none'",
  "script-src 'wasm-unsafe-eval'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');

/** Of the service worker, which fetches the files of the page and nothing from anywhere else. */
export const SERVICE_WORKER_POLICY = [
  "default-src 'none'",
  "connect-src 'self'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');

export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': contentSecurityPolicy(),
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': PERMISSIONS,
};
