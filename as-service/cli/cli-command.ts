/** The command that starts the CLI. A build does not install a program `keyferry-as`. */
export const CLI_COMMAND = 'node dist/service/cli.js';
