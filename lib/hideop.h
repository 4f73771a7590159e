/*
 * The verbs of aipod-hide.  All exit on what stops them and return a status.
 */
#ifndef AIPOD_HIDEOP_H
#define AIPOD_HIDEOP_H

struct decided;
struct workspace;

/*
 * A path operand as a path below the workspace; exit ST_USAGE when it is
 * outside.  below: relative ones start at the workspace.
 */
char	*xhide_path(const struct workspace *, const char *path, int below);

/* Hide paths, or (none) those of records on standard input. */
int	xhide_add(struct decided *, const struct workspace *, char **paths,
	    int below, const char *move);
int	xhide_remove(struct decided *, const struct workspace *, char **paths,
	    int below);
void	xhide_list(const struct decided *, const struct workspace *, int json);
/* One record for each hidden path that is there: path, "file" or "dir". */
void	xhide_mounts(const struct decided *, const struct workspace *);
/* Say which hidden files git tracks: their history is in the container. */
void	xhide_tell_tracked(const struct decided *, const struct workspace *);

#endif
