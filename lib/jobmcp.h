/*
 * Answering an agent about host commands: the tools run_command,
 * command_status, stop_command and list_commands.
 */
#ifndef AIPOD_JOBMCP_H
#define AIPOD_JOBMCP_H

struct workspace;

/*
 * Arguments as JSON on standard input, the answer as JSON on standard output;
 * what is "run", "status", "stop" or "list".  Returns the exit status, or -1
 * when it is none of these.
 */
int	xjobmcp(const char *what, const struct workspace *);

#endif
