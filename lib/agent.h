/*
 * Agents are data: a directory with the files aipod-agents(5) describes, the
 * user's own ($XDG_CONFIG_HOME/aipod/agents/NAME) before the ones that came
 * with aipod (share/agents/NAME).
 */
#ifndef AIPOD_AGENT_H
#define AIPOD_AGENT_H

#include "argv.h"

struct agent {
	char	*name;
	char	*dir;		/* absolute */
	int	 own;		/* the user's, not one of ours */
};

/*
 * 0, or -1 with errno: EINVAL when that is no name for an agent (lower case
 * letters, digits, inner `-', `_' and `.'; at most 32), ENOENT when there is no
 * such directory.  agent_free releases it.
 */
int	agent_find(struct agent *, const char *name);
/* For tools: exit ST_USAGE naming the agents that there are. */
void	xagent_find(struct agent *, const char *name);
void	agent_free(struct agent *);

/* All agents, sorted by name; the caller frees with agents_free. */
int	agent_list(struct agent **);
void	agents_free(struct agent *, int n);

/* The path of a file of the agent's, a new string; NULL when it has none. */
char	*agent_path(const struct agent *, const char *file);

/*
 * Append the lines of a file, each one word, without blank ones and those
 * that begin with '#': "command" is the argument vector, "env" KEY=VALUE
 * lines, "files" paths below the user's home.  A file that is missing has no
 * lines.  Returns 0, or -1 with errno.
 */
int	agent_words(const struct agent *, const char *file, struct argv *);

/*
 * The agent of a list ("claude,codex@0.169.0") that is to run: the one that
 * the first of the words names, else the first of the list.  words may be
 * NULL.  Exit ST_USAGE for an unknown one anywhere in it.
 */
void	xagent_choose(struct agent *, const char *list, char *const *words);

#endif
