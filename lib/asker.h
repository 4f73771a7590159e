/*
 * The process that puts questions to the user: the judge itself is shut in and
 * may not run a program.
 */
#ifndef AIPOD_ASKER_H
#define AIPOD_ASKER_H

#include "judge.h"

struct workspace;

#define ASKER_QUESTIONS	64		/* open ones */

enum asker_answer {
	ASKER_NO,		/* no, or nobody answered */
	ASKER_ONCE,		/* yes, for this session */
	ASKER_ALWAYS,		/* yes, and a rule says so now */
	ASKER_FAILED		/* the user cannot be asked */
};

struct asker_question {
	unsigned	id;
	int		port;
	char		name[NAME_HOST_MAX];
};

struct asker_reply {
	unsigned	id;
	int		answer;
	char		why[JUDGE_WHY];	/* the user's own words, or empty */
};

/*
 * Start the process for this workspace, which must stay; it ends when the other
 * end of its descriptor is closed.  A stream socket's descriptor, one struct a
 * message, or -1 with errno.
 */
int	asker_start(struct workspace *);

#endif
