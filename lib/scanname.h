/*
 * Secrets known by the name of their file: share/rules/names.tsv.
 */
#ifndef AIPOD_SCANNAME_H
#define AIPOD_SCANNAME_H

#include <stddef.h>

struct scan_names;

/* Load the table; exit ST_USAGE when a line of it is wrong. */
struct scan_names *xscan_names(const char *file);
void	 scan_names_free(struct scan_names *);

/*
 * The rule for a path, or NULL.  Names compare without case.  *look is set
 * when the content has to agree: scan_names_public says that it does not.
 */
const char *scan_names_match(const struct scan_names *, const char *path,
	    int *look);

/* 1 when the n first bytes are a certificate or a public key and no more. */
int	 scan_names_public(const char *, size_t n);

#endif
