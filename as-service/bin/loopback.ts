// Recognises names and addresses of this computer.

/** `host` may be an IPv6 address in brackets, as in a URL. */
export function isLoopback(host: string): boolean {
  return /^(localhost|127\.\d+\.\d+\.\d+|::1|\[::1\])$/.test(host);
}
