import { describeContent, describeMounts } from './content.ts';

describeContent(2);
describeMounts(2, 'docker');
