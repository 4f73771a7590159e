/*
 * The rules that hold in a workspace: the agent's, the user's, the
 * workspace's, in this order.
 */
#ifndef AIPOD_RULESET_H
#define AIPOD_RULESET_H

#include "rule.h"

struct workspace;

enum rule_scope { SCOPE_AGENT, SCOPE_USER, SCOPE_WORKSPACE, SCOPES };

struct ruleset {
	struct rules	 rules;
	char		*file[SCOPES];	/* NULL: the agent has none */
};

/*
 * Load them; agent may be NULL or "".  0, or -1 with rules.why set: then
 * nothing is allowed.  ruleset_free is needed in both cases.
 */
int	 ruleset_load(struct ruleset *, const struct workspace *,
	    const char *agent);
void	 ruleset_free(struct ruleset *);
enum rule_scope ruleset_scope(const struct ruleset *, const struct rule *);
/* "agent", "user", "workspace" */
const char *ruleset_scope_name(enum rule_scope);

/*
 * Change the file under its lock, replacing it in one step: take out the rules
 * for which drop answers 1 (NULL: none), then put text (NULL: none; without
 * newline) at the end.  Returns how many rules were taken out; -1 with errno:
 * EPERM when others can write the file, EINVAL with why set when it holds what
 * is no rule.
 */
int	 ruleset_edit(const char *path,
	    int (*drop)(const struct rule *, const void *), const void *arg,
	    const char *text, char why[256]);

#endif
