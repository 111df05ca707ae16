/** Operating system of the station, as far as drivers, permissions and advice depend on it. */
export type Platform = 'windows' | 'macos' | 'linux' | 'chromeos' | 'android' | 'other';
