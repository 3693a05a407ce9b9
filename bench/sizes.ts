/** How much of everything one run does. */
export interface Sizes {
  readonly rounds: number;
  /** Of the large blob, in bytes, and how many pulls of it go at once. */
  readonly largeBytes: number;
  readonly largeAtOnce: number;
  readonly mediumBytes: number;
  readonly mediumRequests: number;
  readonly smallRequests: number;
  /** Connections over which small and medium requests go. */
  readonly connections: number;
  readonly uploadBytes: number;
  /** Hosts that pull one image at once, and the bytes of each of its layers. */
  readonly hosts: number;
  readonly layerBytes: number;
  readonly layers: number;
  readonly slowReaders: number;
  readonly slowMs: number;
  readonly aborts: number;
  readonly tokens: number;
  /** Logins whose password is not remembered; each costs a hash. */
  readonly logins: number;
  /** For so long the storm of logins lasts, in milliseconds. */
  readonly stormMs: number;
  /** Of policies, each of which is measured. */
  readonly rules: readonly number[];
  /** For so long decisions are made, in milliseconds. */
  readonly decideMs: number;
}

const MIB = 1024 * 1024;

export const FULL: Sizes = {
  rounds: 5,
  largeBytes: 256 * MIB,
  largeAtOnce: 4,
  mediumBytes: MIB,
  mediumRequests: 1000,
  smallRequests: 6000,
  connections: 16,
  uploadBytes: 256 * MIB,
  hosts: 50,
  layerBytes: 10 * MIB,
  layers: 4,
  slowReaders: 64,
  slowMs: 6000,
  aborts: 100,
  tokens: 4000,
  logins: 40,
  stormMs: 8000,
  rules: [10, 100, 1000, 10_000],
  decideMs: 3000,
};

/** Below two minutes on two processors, for a look while one works. Its figures swing by a fifth. */
export const QUICK: Sizes = {
  ...FULL,
  rounds: 1,
  largeAtOnce: 2,
  mediumRequests: 300,
  smallRequests: 2000,
  uploadBytes: 64 * MIB,
  slowMs: 2000,
  tokens: 1000,
  logins: 10,
  stormMs: 2000,
  decideMs: 1000,
};

/** Shows that everything works. Its figures mean nothing. */
export const SMOKE: Sizes = {
  rounds: 1,
  largeBytes: 2 * MIB,
  largeAtOnce: 2,
  mediumBytes: MIB / 4,
  mediumRequests: 8,
  smallRequests: 16,
  connections: 4,
  uploadBytes: MIB,
  hosts: 4,
  layerBytes: MIB / 4,
  layers: 2,
  slowReaders: 4,
  slowMs: 200,
  aborts: 5,
  tokens: 5,
  logins: 2,
  stormMs: 100,
  rules: [10],
  decideMs: 50,
};
