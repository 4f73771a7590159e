/*
 * What an answer brings about: the record of it, and for "always" the rule.
 */
#ifndef AIPOD_SETTLE_H
#define AIPOD_SETTLE_H

#include "ask.h"

#define SETTLE_WHY	320

struct runfiles;
struct workspace;

/*
 * Find the files that the command in question runs, as the user is about to
 * see them; where a change of them could not be noticed, the question says
 * that always means once.  0, or -1 with the answer set to no.  No other kind
 * of question has files.
 */
int	settle_look(struct ask *, const struct workspace *, struct runfiles *,
	    struct ask_answer *);
/*
 * Act on the answer before anybody is told of it: whoever asked may be gone by
 * now, and an "always" must not go with it.  The answer becomes no when a file
 * was changed meanwhile or the audit trail cannot be written, and once when it
 * is always and there can be no rule.  0, or -1 with words for standard error
 * when something could not be written.
 */
int	settle(const struct ask *, const struct workspace *,
	    const struct runfiles *, struct ask_answer *, char why[SETTLE_WHY]);

#endif
