/*
 * git's configuration syntax (git-config(1), SYNTAX), read without git, so
 * that nothing in a repository runs.
 */
#ifndef AIPOD_GITCONFIG_H
#define AIPOD_GITCONFIG_H

#include <stddef.h>

/*
 * Call fn for each setting with its key as "section.name" in lower case,
 * without the subsection, and its value unquoted; a name alone has the value
 * "".  Stops when fn returns other than 0.  Lines that git would refuse are
 * passed over.  The arguments are valid during the call only.
 */
void	gitconfig_each(const char *, size_t,
	    int (*fn)(void *, const char *key, const char *value), void *arg);

#endif
