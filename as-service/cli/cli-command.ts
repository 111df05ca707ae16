/** Starts the command line of a build, which is not installed. */
export const CLI_COMMAND = 'node dist/service/cli.js';
