/*
 * What a tool answered, for people and for scripts.
 */
#ifndef AIPOD_CALLOUT_H
#define AIPOD_CALLOUT_H

#include "mcpc.h"

/* A value as one line of JSON on standard output. */
void	 xcallout_json(const struct json *, int v);
/*
 * The list of tools in `answer', as records or as JSON lines.  Bytes go out
 * as they are, but harmless where standard output is a terminal.
 */
void	 xcallout_list(const struct mcpc_answer *, int as_json);
/*
 * The result of tools/call: text to standard output, or to standard error
 * where isError is set; with as_json structuredContent (the whole result
 * where there is none) as one line.  Returns the exit status.
 */
int	 xcallout_result(const struct mcpc_answer *, int as_json);
/*
 * Is this a command that run_command or command_status told of?  1 when it
 * has ended, and *status is how; 0 when it is running, and *id (a new string)
 * names it; -1 when it is no such thing.
 */
int	 callout_command(const struct mcpc_answer *, char **id, int *status);
/* Exit with what the server's error says. */
void	 xcallout_error(const struct mcpc_answer *, int http)
	    __attribute__((noreturn));
/* A progress notification, on standard error. */
void	 callout_progress(const struct json *, int v);

#endif
