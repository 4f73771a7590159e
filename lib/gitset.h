/*
 * Settings of a repository that git inside the box wants to write and cannot:
 * which of them are harmless on the host, and writing one.
 */
#ifndef AIPOD_GITSET_H
#define AIPOD_GITSET_H

#include <stddef.h>

struct workspace;

/*
 * Why this setting may not be made, as a phrase, or NULL when it is harmless:
 * its key is on a short list and its value can name no program.  config is the
 * text of the repository's configuration, n bytes: a branch may follow a
 * remote that is there.
 */
const char *gitset_problem(const char *key, const char *value,
	    const char *config, size_t n);

/*
 * Set it in the workspace's .git/config, which keeps its inode, so that the
 * box, where that is mounted, sees it.  The host's git writes a copy first,
 * with no repository in sight.  0, or -1 and *why a phrase with errno.
 */
int	gitset_write(const struct workspace *, const char *key,
	    const char *value, const char **why);

#endif
