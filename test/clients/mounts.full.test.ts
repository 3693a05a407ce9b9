import { describeMounts } from './content.ts';

describeMounts(2, 'podman');
