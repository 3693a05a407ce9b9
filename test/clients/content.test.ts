import { describeContent } from './content.ts';

describeContent(2);
