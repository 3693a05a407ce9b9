import { describeSkopeoCommands } from './skopeo-commands.ts';

describeSkopeoCommands(2);
