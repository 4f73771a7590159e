/*
 * share/rules/executes.tsv: files that a host runs, or obeys, by themselves.
 * A kind, a pattern and why, a line.  A pattern is of a file's name, wherever it
 * is, or with a slash of a path from the directory that it begins with.
 */
#ifndef AIPOD_EXECUTES_H
#define AIPOD_EXECUTES_H

#include <stddef.h>

struct ign;

struct execute {
	char		*kind;
	char		*why;
	char		*first;		/* directory that the pattern begins with */
	struct ign	*match;
};

struct executes {
	struct execute	*v;
	size_t		 n;
};

/* Read the table, and the user's own beside the configuration; or exit. */
void	xexecutes_load(struct executes *);
void	executes_free(struct executes *);
/* The first line that the path matches, or NULL; kind "-" is harmless. */
const struct execute *executes_find(const struct executes *, const char *path);
/* 1 when a pattern begins with a directory of this name. */
int	executes_below(const struct executes *, const char *name);

#endif
