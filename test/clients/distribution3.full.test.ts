import { describeContent } from './content.ts';
import { DRIVERS } from './drivers/all.ts';
import { describeMatrix } from './matrix.ts';

// Those of the full tier have files of their own, with both versions.
for (const driver of DRIVERS.filter(({ tier }) => tier === 'default')) describeMatrix(driver, 3);
describeContent(3);
