/**
 * Tells how long the disk of the record will do, so that somebody makes room before pushes are refused. Pure: it is told
 * the time and the free space.
 */
export interface DiskForecast {
  /** @param at milliseconds by a clock that nobody sets; in rising order. @param freeBytes on the disk of the log. */
  add(at: number, freeBytes: number): void;
  /** As last added; undefined before. */
  freeBytes(): number | undefined;
  /** Until no more than `minimumFreeBytes` are left, at the rate of the last day; Infinity where it does not shrink, or it is too early to say. */
  secondsLeft(): number;
  /** One sentence while there is little room, or little time; undefined while there is enough. */
  warning(): string | undefined;
}

export interface DiskLimits {
  /** Pushes are refused below it. */
  readonly minimumFreeBytes: number;
  /** A warning below it. */
  readonly warnFreeBytes: number;
  /** A warning where it will not do for so long. */
  readonly warnSeconds: number;
}

const SAMPLE_MS = 60_000;
const WINDOW_MS = 86_400_000;
/** A shorter time says nothing of the days to come. */
const LEAST_SPAN_MS = 600_000;
const MEGABYTE = 1024 * 1024;

export function createDiskForecast({
  minimumFreeBytes,
  warnFreeBytes,
  warnSeconds,
}: DiskLimits): DiskForecast {
  let samples: { readonly at: number; readonly free: number }[] = [];
  let last: number | undefined;

  /** In bytes a second, by least squares: one file that comes and goes does not decide. */
  function lossRate(): number | undefined {
    const [first] = samples;
    const newest = samples.at(-1);
    if (first === undefined || newest === undefined || newest.at - first.at < LEAST_SPAN_MS) return undefined;
    const meanAt = mean(samples.map(({ at }) => at));
    const meanFree = mean(samples.map(({ free }) => free));
    const covariance = mean(samples.map(({ at, free }) => (at - meanAt) * (free - meanFree)));
    const variance = mean(samples.map(({ at }) => (at - meanAt) ** 2));
    return (-covariance / variance) * 1000;
  }

  function secondsLeft(): number {
    const rate = lossRate();
    if (last === undefined || rate === undefined || rate <= 0) return Number.POSITIVE_INFINITY;
    return Math.max(0, last - minimumFreeBytes) / rate;
  }

  return {
    add(at, freeBytes) {
      last = freeBytes;
      const newest = samples.at(-1);
      if (newest !== undefined && at - newest.at < SAMPLE_MS) return;
      samples = [...samples.filter((sample) => at - sample.at <= WINDOW_MS), { at, free: freeBytes }];
    },
    freeBytes: () => last,
    secondsLeft,
    warning() {
      if (last === undefined) return undefined;
      const left = secondsLeft();
      if (last >= warnFreeBytes && left >= warnSeconds) return undefined;
      const room = `the disk of the push record has ${megabytes(last)} free; below ${megabytes(minimumFreeBytes)} pushes are refused`;
      return Number.isFinite(left) ? `${room}, at the rate of the last day in ${duration(left)}` : room;
    },
  };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function megabytes(bytes: number): string {
  return `${Math.floor(bytes / MEGABYTE)} MB`;
}

function duration(seconds: number): string {
  const hours = Math.floor(seconds / 3600);
  if (hours < 1) return 'less than an hour';
  if (hours === 1) return 'an hour';
  return hours < 48 ? `${hours} hours` : `${Math.floor(hours / 24)} days`;
}
