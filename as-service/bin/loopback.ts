// Recognises names and addresses of this computer, and lists the origins at which browsers on it
// reach the service.

/** `host` may be an IPv6 address in brackets, as in a URL. */
export function isLoopback(host: string): boolean {
  return /^(localhost|127\.\d+\.\d+\.\d+|::1|\[::1\])$/.test(host);
}

/**
 * Returns the origins of the service's own address. A loopback address has three spellings in
 * browsers. A wildcard address includes loopback, so it has the same three.
 */
export function ownOrigins(host: string, port: number): string[] {
  const isReachedHere = /^(localhost|127\.0\.0\.1|::1|0\.0\.0\.0|::)$/.test(host);
  const hosts = isReachedHere ? ['localhost', '127.0.0.1', '::1'] : [host];
  return hosts.map((name) => new URL(`http://${name.includes(':') ? `[${name}]` : name}:${port}`).origin);
}
