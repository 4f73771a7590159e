/*
 * What an agent's call of a tool is to the program that answers it: JSON on
 * standard input, in a session.
 */
#ifndef AIPOD_TOOLCALL_H
#define AIPOD_TOOLCALL_H

#include "buf.h"
#include "json.h"
#include "session.h"

struct workspace;

struct toolcall {
	struct buf	 text;
	struct json	 json;		/* the arguments, value 0 */
	struct session	 session;	/* lives; of the workspace */
};

/*
 * Which of the names, which end with a NULL, is called: its place, with the
 * call read; or -1.
 */
int	xtoolcall(struct toolcall *, const struct workspace *,
	    const char *what, const char *const *names);
/* A refusal in words; standard output is closed.  ST_NO. */
int	toolcall_no(const char *why);

#endif
