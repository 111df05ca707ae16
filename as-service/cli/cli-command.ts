/** The command that starts the CLI, for help texts. A build installs no program `keyferry-as`. */
export const CLI_COMMAND = 'node dist/service/cli.js';
