// Computes SHA-256, for build.json, the service worker and the Content-Security-Policy.
import { createHash } from 'node:crypto';

export function sha256(data: string | Uint8Array, encoding: 'hex' | 'base64'): string {
  return createHash('sha256').update(data).digest(encoding);
}
