import { describeContent } from './content.ts';
import { describeDockerManifest } from './docker-manifest.ts';
import { DRIVERS } from './drivers/all.ts';
import { describeMatrix } from './matrix.ts';
import { describeSkopeoCommands } from './skopeo-commands.ts';

// Those of the full tier have files of their own, with both versions.
for (const driver of DRIVERS.filter(({ tier }) => tier === 'default')) describeMatrix(driver, 3);
describeContent(3);
describeSkopeoCommands(3);
describeDockerManifest(3);
