// Facts about the page, this browser, the attached devices and the AS. findings.ts computes the
// diagnosis from them, and support-file.ts builds the support file.
import type { Algorithm } from '../../browser/known-answers.ts';
import type { Outcome } from '../../journal/attempt.ts';
import type { LinkKind, UsbIds } from '../../transport/link.ts';
import type { Platform } from '../../transport/platform.ts';
import type { Failure } from '../common/failure.ts';
import type { Exchange } from '../station/trace.svelte.ts';
import type { Browser } from './browser.ts';

/**
 * absent   the browser does not have this interface
 * blocked  the browser has it, but a policy denies it to this page
 */
export type Access = 'available' | 'absent' | 'blocked';

export interface InterfaceFacts {
  readonly number: number;
  readonly alternate: number;
  /** Class, subclass and protocol of the USB interface. */
  readonly codes: readonly [number, number, number];
}

export interface SerialFacts {
  readonly baudRate: number;
  readonly parity: 'none' | 'even' | 'odd';
  readonly edc: 'crc' | 'lrc';
}

/** State of the device at the station. `unused` means that it has no lane. */
export type DeviceStatus =
  | 'unused'
  | 'reading'
  | 'unread'
  | 'ready'
  | 'loading'
  | 'done'
  | 'not-loaded'
  | 'unconfirmed';

/** A device that the operator has permitted this page to use. */
export interface DeviceFacts {
  /** Number of the device on the screen. */
  readonly id: number;
  readonly link: LinkKind;
  /**
   * Product name. Never part of the support file, because a manufacturer can put any text there.
   */
  readonly label: string;
  readonly ids?: UsbIds | undefined;
  /** The USB serial number (iSerialNumber). */
  readonly usbSerialNumber?: string | undefined;
  /** Interfaces of a USB device; empty for a serial port. */
  readonly interfaces: readonly InterfaceFacts[];
  /** Role of the device according to the device profiles. */
  readonly role: 'unit' | 'token' | 'unknown';
  /**
   * Name of the device profile that matches, for example one of the site file; undefined if none
   * matches. Never part of the support file, because a site can put any text there.
   */
  readonly profile?: string | undefined;
  /** Whether a device profile contains these ids. */
  readonly isListed: boolean;
  /** Why the page cannot open this USB device, according to its descriptors. */
  readonly obstacle?: 'protected-class' | 'no-interface' | undefined;
  /** Settings of a serial port. */
  readonly serial?: SerialFacts | undefined;
  readonly status: DeviceStatus;
  readonly failure?: Failure | undefined;
  readonly unit?: UnitIdentity | undefined;
}

export interface UnitIdentity {
  /** 32 hex digits. */
  readonly sn: string;
  readonly set: number;
  readonly tkv: number;
  readonly lifecycle: 'blank' | 'operational';
  readonly firmware: number;
  readonly suites: readonly number[];
  readonly tries: number;
}

export type ServiceFacts =
  | {
      readonly is: 'reached';
      /** Duration of one request. */
      readonly ms: number;
      /** ISO 8601; undefined if this station has pinned no root key. */
      readonly comparedAt: string | undefined;
      /** Whether the AS presents the pinned root key. True if none is pinned. */
      readonly isPinnedRoot: boolean;
    }
  | {
      readonly is: 'failed';
      readonly failure: Failure;
      /** State of the permission for the local network; undefined if the AS does not need it. */
      readonly localNetwork?: PermissionState | undefined;
    };

export interface StorageFacts {
  /** Whether the browser keeps the data when the disk is full. */
  readonly isPersistent: boolean;
  /** Whether the operator asked the browser to keep the data, and the browser refused. */
  readonly isRefused: boolean;
  /** Undefined if the browser does not report it. */
  readonly freeBytes: number | undefined;
}

export interface JournalFacts {
  /** Number of attempts of this station. */
  readonly attempts: number;
  /** Attempts with an unknown outcome or an unverified receipt. */
  readonly open: number;
  /** ISO 8601; undefined if this journal does not begin with a loss. */
  readonly lostAt?: string | undefined;
  /** Why the journal cannot be read. */
  readonly failure?: Failure | undefined;
}

/** A failure of a load, from the journal. */
export interface PastFailure {
  /** ISO 8601. */
  readonly at: string;
  readonly link: LinkKind;
  readonly sn: string;
  /** Undefined if the page was closed or crashed during the load. */
  readonly failure: Failure | undefined;
}

/** An attempt of this station, with its exchanges. */
export interface PastAttempt {
  /** ISO 8601. */
  readonly at: string;
  readonly link: LinkKind;
  /** 32 hex digits. */
  readonly sn: string;
  readonly outcome: Outcome;
  /** Why the load ended without success; undefined if it succeeded or was interrupted. */
  readonly failure?: Failure | undefined;
  /** Oldest first. Empty if they were not stored. */
  readonly exchanges: readonly Exchange[];
}

export interface SelfTestFacts {
  /** ISO 8601. */
  readonly at: string;
  /** Names of the checks, in the sequence of their execution. */
  readonly passed: readonly SelfTestName[];
  readonly failed: readonly SelfTestName[];
}

export type SelfTestName = Algorithm | 'Ed25519' | 'storage';

export interface Facts {
  /** ISO 8601, time of the AS. */
  readonly at: string;
  readonly build: BuildFacts;
  readonly browser: Browser;
  readonly platform: Platform;
  /** Address of this page, without its fragment. */
  readonly address: string;
  readonly isOnline: boolean;
  readonly page: {
    readonly isBroken: boolean;
    readonly isSuperseded: boolean;
    readonly isCutOff: boolean;
    readonly hasLostJournal: boolean;
    /** Why the page shows only this failure and Help; undefined if it works. */
    readonly halted?: Failure | undefined;
  };
  /** Whether the page was loaded with HTTPS, or from this computer. */
  readonly isSecure: boolean;
  readonly access: Readonly<Record<LinkKind, Access>>;
  /** The last device choice, if it failed. */
  readonly refused?: { readonly kind: LinkKind; readonly failure: Failure } | undefined;
  readonly devices: readonly DeviceFacts[];
  readonly service: ServiceFacts;
  readonly clock: {
    /** Time of the AS minus time of this computer. */
    readonly offsetMs: number;
    /** Whether the difference is so great that the page shows both clocks. */
    readonly differs: boolean;
  };
  readonly session: {
    readonly kind: 'remote' | 'vault' | 'card' | 'none';
    /** Why the last sign-in failed or the session ended. */
    readonly failure?: Failure | undefined;
    /** Undefined if there is no limit. */
    readonly exportsLeft?: number | undefined;
  };
  readonly storage: StorageFacts;
  readonly journal: JournalFacts;
  /** Newest first. */
  readonly failures: readonly PastFailure[];
  /** Newest first. */
  readonly attempts: readonly PastAttempt[];
  readonly selfTest?: SelfTestFacts | undefined;
}

export interface BuildFacts {
  readonly version: string;
  /** Hash of the build; undefined if neither the service worker nor the server names it. */
  readonly hash: string | undefined;
  /** File name of the main script, which contains a hash of its content. */
  readonly script: string;
  /** Whether the server of this page offers this build; undefined if it could not be asked. */
  readonly isServed: boolean | undefined;
}
