// What Chromium on Linux is known to show of WebUSB and Web Serial (Debian 12, kernel 6.1, cdc_acm), by behaviour.

export const EXPECTED: Readonly<Record<string, string>> = {};
