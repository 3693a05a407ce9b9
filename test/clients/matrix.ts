/** What must hold with every client: the same cells for each of them, against each version of the registry. */
import { afterAll, beforeAll, describe } from '@jest/globals';
import type { Host } from '../support/hosts.ts';
import type { ImageOptions } from '../support/image.ts';
import { describeNeeding, type Need } from '../support/needs.ts';
import { CELLS } from './cells.ts';
import { type Driver, type Hands, OPERATIONS, type Source } from './drivers/driver.ts';
import { describeRefusals } from './refusals.ts';
import { HANGS_MS, openSite, type Site } from './site.ts';

/** What the cells stand on; filled before the first of them. */
export interface Stand {
  readonly site: Site;
  readonly onBuilder: Hands;
  readonly onLaptop: Hands;
  /** An image of its own. */
  newImage(): Source;
  /** An index of two images of its own. */
  newIndex(): Source & { readonly platforms: readonly string[] };
}

const ALWAYS: readonly Need[] = ['root', 'ip', 'nsenter', 'skopeo'];
const MINUTE_MS = 60_000;
/** Programs that are not there yet are built first. */
const BUILD_MS = 20 * MINUTE_MS;

export function describeMatrix(driver: Driver, version: 2 | 3): void {
  const registry: Need = version === 3 ? 'distribution3' : 'docker-registry';
  const title = `${driver.name}, with a registry of version ${version}`;
  describeNeeding([registry, ...ALWAYS, ...driver.needs], title, () => {
    let stand: Stand;
    let site: Site | undefined;

    beforeAll(async () => {
      site = await openSite({ version, deletes: true });
      const opened = site;
      const open = (host: Host): Promise<Hands> | Hands =>
        driver.open(opened, { folder: opened.temp.at(`client-${host.name}`), host, timeoutMs: HANGS_MS });
      stand = {
        site,
        onBuilder: await open(site.builder),
        onLaptop: await open(site.laptop),
        newImage: () => newImage(opened),
        newIndex: () => newIndex(opened),
      };
    }, BUILD_MS);

    afterAll(async () => {
      await site?.stop();
    }, MINUTE_MS);

    for (const operation of OPERATIONS) {
      if (driver.without[operation] !== undefined) continue;
      if (operation === 'refusal') describe('a refusal', () => describeRefusals(driver, () => stand));
      else describe(operation, () => CELLS[operation](driver, () => stand));
    }
  });
}

export function newImage(site: Site, options: ImageOptions = {}): Source {
  const layout = site.newLayout();
  const { digest } = layout.image(options, 'v1');
  return { folder: layout.path, reference: layout.reference('v1'), digest };
}

export function newIndex(site: Site): ReturnType<Stand['newIndex']> {
  const layout = site.newLayout();
  const platforms = ['amd64', 'arm64'].map((architecture) => ({ os: 'linux', architecture }));
  const images = platforms.map((platform) => ({ platform, image: layout.image({ platform }) }));
  const { digest } = layout.index(images, 'v1');
  return {
    folder: layout.path,
    reference: layout.reference('v1'),
    digest,
    platforms: platforms.map(({ os, architecture }) => `${os}/${architecture}`),
  };
}
