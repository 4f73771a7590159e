/*
 * .gitignore, as git reads it: nested files, negation, anchors, "**".  Time is
 * linear in the path for each rule, whatever the pattern.
 */
#ifndef AIPOD_IGN_H
#define AIPOD_IGN_H

#include <stddef.h>

/*
 * The rules that hold in a directory: those of its own file and a reference
 * to the directory's above.  Shared by threads; NULL is no rules at all.
 */
struct ign;

struct ign *ign_ref(struct ign *);
void	 ign_free(struct ign *);

/*
 * Read rules for the directory at path below the root (dirfd is open on it).
 * Take over the reference to the parent's rules and return one to the new
 * ones; the parent's own when the file is missing or cannot be read.
 */
struct ign *ign_load(struct ign *, int dirfd, const char *file,
	    const char *path);
/*
 * The directory holds a .git: what holds above ends there, and the rules of
 * its info/exclude and of the user's git/ignore begin.
 */
struct ign *ign_repository(struct ign *, int dirfd, const char *path);
/* The same from text, for ign_load and tests; NULL when out of memory. */
struct ign *ign_parse(struct ign *, const char *text, size_t n,
	    const char *path);

/*
 * 1 when the path below the root is ignored by a rule that names it.  That a
 * directory above is ignored is for the caller to remember.
 */
int	 ign_match(const struct ign *, const char *path, int isdir);

#endif
