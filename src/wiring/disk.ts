/** Watches the disk of the record, and warns before it is full. */
import { createDiskForecast, type DiskForecast } from '../provenance/disk-forecast.ts';
import { freeBytesOf } from '../provenance/free-bytes.ts';
import { systemClock } from '../store/clock.ts';
import type { Part } from './part.ts';

export interface WatchedDisk {
  readonly forecast: DiskForecast;
  readonly minimumFreeBytes: number;
  /** Asked each second by whoever stops pushes for want of space. */
  readonly read: () => Promise<number>;
}

const MEGABYTE = 1024 * 1024;
/** Between two lines of the log while nothing gets better. */
const AGAIN_MS = 86_400_000;

export function watchDisk({ settings, log }: Pick<Part, 'settings' | 'log'>): WatchedDisk {
  const { minimumFreeMegabytes, warnFreeMegabytes, warnDays } = settings.record;
  const minimumFreeBytes = minimumFreeMegabytes * MEGABYTE;
  const forecast = createDiskForecast({
    minimumFreeBytes,
    warnFreeBytes: warnFreeMegabytes * MEGABYTE,
    warnSeconds: warnDays * 86_400,
  });
  const freeBytes = freeBytesOf(settings.data);
  let warned: number | undefined;

  return {
    forecast,
    minimumFreeBytes,
    async read() {
      const free = await freeBytes();
      const now = systemClock.elapsed();
      forecast.add(now, free);
      const warning = forecast.warning();
      if (warning === undefined) warned = undefined;
      else if (warned === undefined || now - warned > AGAIN_MS) {
        warned = now;
        log.warn({ freeBytes: free }, warning);
      }
      return free;
    },
  };
}
