/** How the command line of a build is started: nothing is installed. */
export const CLI_COMMAND = 'node dist/service/cli.js';
