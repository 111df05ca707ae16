// Writes policies of a browser in the formats of the operating systems: the JSON of Linux, a
// registration file of Windows, and a configuration profile of macOS.
import { createHash } from 'node:crypto';
import type { Policies, PolicyValue } from './station-policies.ts';

interface PolicyFile {
  /** Path in the folder, with slashes. */
  readonly path: string;
  readonly content: string | Uint8Array;
  /** Where the administrator puts the file, or what opens it. */
  readonly use: string;
}

interface Browser {
  readonly name: string;
  readonly file: string;
  /** Key of the registry, below HKEY_LOCAL_MACHINE. */
  readonly registry: string;
  /** Domain of the preferences on macOS. */
  readonly domain: string;
}

const BROWSERS: readonly Browser[] = [
  {
    name: 'Chrome',
    file: 'chrome',
    registry: String.raw`SOFTWARE\Policies\Google\Chrome`,
    domain: 'com.google.Chrome',
  },
  {
    name: 'Edge',
    file: 'edge',
    registry: String.raw`SOFTWARE\Policies\Microsoft\Edge`,
    domain: 'com.microsoft.Edge',
  },
  {
    name: 'Chromium',
    file: 'chromium',
    registry: String.raw`SOFTWARE\Policies\Chromium`,
    domain: 'org.chromium.Chromium',
  },
];
const LINUX_FOLDERS = 'Chrome /etc/opt/chrome, Edge /etc/opt/edge, Chromium /etc/chromium; each below policies/managed';

export function policyFiles(policies: Policies): readonly PolicyFile[] {
  return [
    { path: 'linux/keyferry.json', content: `${JSON.stringify(policies, null, 2)}\n`, use: LINUX_FOLDERS },
    ...BROWSERS.map(({ name, file, registry }) => ({
      path: `windows/${file}.reg`,
      content: registration(policies, registry),
      use: `${name} on Windows; import it as administrator`,
    })),
    ...BROWSERS.map(({ name, file, domain }) => ({
      path: `macos/${file}.mobileconfig`,
      content: configurationProfile(policies, name, domain),
      use: `${name} on macOS; install it with the device management`,
    })),
  ];
}

/** Returns a registration file in UTF-16 with a byte order mark, as regedit writes it. */
function registration(policies: Policies, key: string): Uint8Array {
  const path = `HKEY_LOCAL_MACHINE\\${key}`;
  const entries = Object.entries(policies);
  const values = entries.flatMap(([name, value]) => (isTexts(value) ? [] : [`"${name}"=${registryValue(value)}`]));
  // The registry stores a list of texts as a key with numbered values. The file first deletes an
  // earlier list.
  const lists = entries.flatMap(([name, value]) =>
    isTexts(value)
      ? [
          '',
          `[-${path}\\${name}]`,
          `[${path}\\${name}]`,
          ...value.map((text, index) => `"${index + 1}"=${quoted(text)}`),
        ]
      : [],
  );
  const lines = ['Windows Registry Editor Version 5.00', '', `[${path}]`, ...values, ...lists, ''];
  return Buffer.from(`\ufeff${lines.join('\r\n')}`, 'utf16le');
}

function registryValue(value: Exclude<PolicyValue, readonly string[]>): string {
  if (typeof value === 'object') return quoted(JSON.stringify(value));
  return `dword:${Number(value).toString(16).padStart(8, '0')}`;
}

const quoted = (text: string): string => `"${text.replaceAll(/["\\]/g, String.raw`\$&`)}"`;

function configurationProfile(policies: Policies, name: string, domain: string): string {
  const keys = Object.entries(policies).map(
    ([key, value]) => `      ${element('key', key)}\n${plist(value, '      ')}`,
  );
  const id = `org.keyferry.station.${domain}`;
  return `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
${head({ type: 'Configuration', id, name: `Keyferry station, ${name}` }, '  ')}
  <key>PayloadScope</key>
  <string>System</string>
  <key>PayloadContent</key>
  <array>
    <dict>
${head({ type: domain, id: `${id}.policies`, name: `Policies of ${name}` }, '      ')}
${keys.join('\n')}
    </dict>
  </array>
</dict>
</plist>
`;
}

/** The members that macOS requires of each payload. */
function head({ type, id, name }: { type: string; id: string; name: string }, indent: string): string {
  const members = [
    ['PayloadType', element('string', type)],
    ['PayloadIdentifier', element('string', id)],
    ['PayloadUUID', element('string', uuidOf(id))],
    ['PayloadDisplayName', element('string', name)],
    ['PayloadVersion', '<integer>1</integer>'],
  ];
  return members.map(([key = '', value]) => `${indent}${element('key', key)}\n${indent}${value}`).join('\n');
}

function plist(value: unknown, indent: string): string {
  if (typeof value === 'number') return `${indent}<integer>${value}</integer>`;
  if (typeof value === 'boolean') return `${indent}<${value}/>`;
  if (typeof value === 'string') return indent + element('string', value);
  const inner = `${indent}  `;
  if (Array.isArray(value)) {
    return [`${indent}<array>`, ...value.map((each) => plist(each, inner)), `${indent}</array>`].join('\n');
  }
  const members = Object.entries(value as object).map(
    ([key, each]) => `${inner}${element('key', key)}\n${plist(each, inner)}`,
  );
  return [`${indent}<dict>`, ...members, `${indent}</dict>`].join('\n');
}

function element(name: string, text: string): string {
  return `<${name}>${text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')}</${name}>`;
}

/** Returns a UUID of version 8 (RFC 9562). It is always the same, so that a new profile replaces the earlier one. */
function uuidOf(id: string): string {
  const hex = createHash('sha256').update(id).digest('hex');
  const parts = [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `a${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ];
  return parts.join('-').toUpperCase();
}

function isTexts(value: PolicyValue): value is readonly string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string');
}
