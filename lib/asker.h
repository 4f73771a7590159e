/*
 * The process that puts questions to the user and notes what was done: the
 * judge itself is shut in and may neither run a program nor write a log.
 */
#ifndef AIPOD_ASKER_H
#define AIPOD_ASKER_H

#include "judge.h"

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

struct asker_record {
	char		verdict[12];
	char		why[JUDGE_WHY];
	char		subject[NAME_HOST_MAX + 8];
	char		detail[160];
};

/*
 * Start the process for questions and that for records; they end when the
 * other end of their descriptor is closed.  Descriptors of stream sockets, one
 * struct a message, or -1 with errno.
 */
int	asker_start(void);
struct workspace;
int	scribe_start(const struct workspace *, const char *session);

#endif
