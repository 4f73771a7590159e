/*
 * Judging a request by the rules, and telling about it.
 */
#ifndef AIPOD_ALLOW_H
#define AIPOD_ALLOW_H

#include <stddef.h>

#include "buf.h"
#include "ruleset.h"

struct runfiles;
struct workspace;

#define ALLOW_SUBJECT_MAX	(32 * 1024)
#define ALLOW_ASK		2	/* exit status of check */

struct allow_answer {
	enum rule_verdict verdict;	/* RULE_NONE: ask */
	const struct rule *rule;	/* of the ruleset, or NULL */
	char		 *text;		/* the rule as a line, or NULL */
	char		 *changed;	/* what an always-rule ran has changed:
					   in words for the user; or NULL */
	char		  why[256];	/* after failure */
};

/*
 * kind is "command", "host" (NAME[:PORT], 443 without) or "service", which
 * alone uses keys (NULL-terminated, in any order).  0, or -1 with why set: then
 * the answer is no.  allow_answer_free in both cases.
 */
int	 allow_judge(struct allow_answer *, const struct ruleset *,
	    const struct workspace *, const char *kind, const char *subject,
	    size_t len, char **keys);
void	 allow_answer_free(struct allow_answer *);

/* 1 when the rules are about the same: kind, pattern, port, keys. */
int	 allow_same(const struct rule *, const void *);
/* Keep copies of what a rule was bound to, in STATE/HASH/files. */
int	 allow_keep(const struct workspace *, const struct runfiles *);
/* The agent that the workspace's state names, or NULL. */
char	*allow_agent(const struct workspace *);

/* To standard output: rule i as a record or JSON. */
void	 allow_show(const struct ruleset *, size_t i, int json);
/* The answer as a record, in words, or JSON. */
void	 allow_say(const struct allow_answer *, int words, int json);
/* One line: the presets that are on, and how many rules on hosts. */
void	 allow_hosts(const struct ruleset *);
/*
 * What an agent is told of its rules: JSON for the tool
 * list_allowed_commands, or the skill file.  Returns the exit status.
 */
int	 allow_tell(const struct workspace *, const char *agent, int skill);

#endif
