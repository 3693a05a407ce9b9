/** The settings of comparing the record with the registry. */
import { z } from 'zod';

export const reconcileSchema = z
  .strictObject({
    everyHours: z
      .int()
      .min(1)
      .max(8760)
      .optional()
      .describe(
        'From the end of one comparison of everything to the next. Absent: only when somebody asks for it.',
      ),
    requestsPerSecond: z
      .int()
      .min(1)
      .max(1000)
      .default(20)
      .describe('How often the registry is asked at most, for all comparisons together.'),
    notifications: z
      .boolean()
      .default(false)
      .describe(
        'true: notifications of the registry are taken on the operations listener, at /registry/notifications. Each makes Warden look at that tag or manifest, and proves nothing.',
      ),
  })
  .prefault({})
  .describe(
    'Comparing the record with the registry: what came round Warden, and what is gone. docs/reconciling.md',
  );
