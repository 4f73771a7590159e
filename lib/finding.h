/*
 * A finding of aipod-scan as a record, and its fingerprint.
 */
#ifndef AIPOD_FINDING_H
#define AIPOD_FINDING_H

#include <stddef.h>

#define FINGERPRINT	33		/* 32 hexadecimal digits and a NUL */
#define FINDING_LINE	65536		/* a longer record is refused */

/*
 * line, col and len are 0 when the file is the finding, not a place in it.
 * Columns and lengths count bytes, from 1.
 */
struct finding {
	const char	*path;		/* below the workspace, no ".." */
	long long	 line;
	long long	 col;
	long long	 len;
	const char	*rule;
	const char	*print;		/* fingerprint */
	const char	*label;		/* NULL: none */
	const char	*text;		/* the secret, masked */
};

/*
 * Read one record in place (the strings point into line).  0, or -1 with
 * errno EINVAL: no record, or a path that leads out of the workspace.
 */
int	finding_parse(char *line, struct finding *);

/* 1 when the path is relative and has no empty, "." or ".." component. */
int	finding_path_ok(const char *path);

/*
 * The user's key for fingerprints, 32 bytes: STATE/scan-key, made (0600) where
 * it is missing; or the file named.  Exit ST_SYS or ST_USAGE.
 */
void	xfinding_key(const char *file, unsigned char key[32]);

/* Keyed hash of path, rule and secret. */
void	finding_print(const unsigned char key[32], const char *path,
	    const char *rule, const void *secret, size_t n,
	    char print[FINGERPRINT]);

#endif
