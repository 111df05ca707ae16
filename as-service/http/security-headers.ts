// The security headers of every response, errors included (ADR 0015).

/** The features of the browser that the pages control, except those that only some pages use. */
const UNUSED = [
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
];
/**
 * The page may use USB, serial ports, its Copy buttons, a wake lock during a load, and passkeys.
 */
const USED = [
  'usb',
  'serial',
  'clipboard-write',
  'screen-wake-lock',
  'publickey-credentials-create',
  'publickey-credentials-get',
];

/** Returns the Permissions-Policy of a page that may use these features and no others. */
function permissions(used: readonly string[]): string {
  const unused = [...USED, ...UNUSED].filter((feature) => !used.includes(feature));
  return [...used.map((feature) => `${feature}=(self)`), ...unused.map((feature) => `${feature}=()`)].join(', ');
}

/** The policy of the page that reads a label (docs/adr/0060). No other answer permits the camera. */
export const LABEL_PERMISSIONS = permissions(['camera']);

const hashSource = (hash: string): string => `'sha256-${hash}'`;

/**
 * Returns the Content-Security-Policy of a page. `scriptHashes` and `styleHashes` are the SHA-256 values
 * of its inline scripts and styles, in base64. `dataImages` is true if the page has data: images. `asOrigins` are the origins
 * of an AS that does not serve the page.
 */
export function contentSecurityPolicy({
  scriptHashes = [] as readonly string[],
  styleHashes = [] as readonly string[],
  dataImages = false,
  asOrigins = [] as readonly string[],
} = {}): string {
  return [
    "default-src 'none'",
    ["script-src 'self'", ...scriptHashes.map(hashSource)].join(' '),
    ["style-src 'self'", ...styleHashes.map(hashSource)].join(' '),
    `img-src 'self'${dataImages ? ' data:' : ''}`,
    "manifest-src 'self'",
    ["connect-src 'self'", ...asOrigins].join(' '),
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    'trusted-types svelte-trusted-html keyferry-url',
  ].join('; ');
}

/** The policy of the vault worker, which may compile WebAssembly but not fetch or connect. */
export const VAULT_WORKER_POLICY = [
  "default-src 'none'",
  "script-src 'wasm-unsafe-eval'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');

/** The policy of the service worker, which fetches the page's files from its own server only. */
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
  'permissions-policy': permissions(USED),
};
