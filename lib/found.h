/*
 * Findings gathered by several threads, sorted, and written as records, JSON
 * or SARIF.
 */
#ifndef AIPOD_FOUND_H
#define AIPOD_FOUND_H

#include <stddef.h>

#include "finding.h"

#define FOUND_MAX	200000		/* more is "could not read all" */

struct found {
	char		*path;
	const char	*rule;		/* static, or as long-lived as the rules */
	const char	*label;
	char		*text;		/* NULL: the whole file */
	long long	 line;
	long long	 col;
	long long	 len;
	char		 print[FINGERPRINT];
};

struct found_list {
	struct found	*v;
	size_t		 n;
	size_t		 cap;
};

enum found_form { FOUND_RECORDS, FOUND_PATHS, FOUND_JSON, FOUND_SARIF };

/* Take over a finding's strings; 0, or -1 with errno, then nothing is taken. */
int	found_add(struct found_list *, const struct found *);
/* By path, line, column, rule; a fingerprint that stands twice goes once. */
void	found_sort(struct found_list *);
void	found_free(struct found_list *);
/*
 * The secret for the eye: its first characters, then its length; whole when
 * asked for.  A new string that a record may hold; NULL when out of memory.
 */
char	*found_mask(const char *secret, size_t n, int whole);
/* Write to standard output. */
void	xfound_put(const struct found_list *, enum found_form, int end);

#endif
