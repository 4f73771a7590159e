/*
 * The audit trail STATE/HASH/audit: what was asked for and what became of it.
 * One record a line, only ever appended, each carrying the SHA-256 of the line
 * before it (64 zeros in the first), so that a line changed or taken out
 * shows:
 *
 *	time session kind verdict why subject detail chain
 *
 * The subject has been through vis_add: whatever bytes were asked for, the
 * file can be shown on a terminal.
 */
#ifndef AIPOD_AUDIT_H
#define AIPOD_AUDIT_H

#include <stddef.h>

struct workspace;

struct audit {
	const char	*session;	/* NULL: none */
	const char	*kind;		/* command, host, service, secret, ... */
	const char	*verdict;	/* allow, deny, once, always,
					   always-domain, no, end, seen */
	const char	*why;		/* the rule, the answer's reason; or NULL */
	const char	*subject;	/* any bytes */
	size_t		 len;
	const char	*detail;	/* NAME=VALUE words; or NULL */
};

#define AUDIT_FIELDS	8

/*
 * Append a record and fsync; makes STATE/HASH where it is missing.  0, or -1
 * with errno: who cannot record must not act.
 */
int	 audit_add(const struct workspace *, const struct audit *);
/* The same of n records at once, at the price of one. */
int	 audit_add_all(const struct workspace *, const struct audit *, size_t n);

/*
 * Check the chain of the file at path.  Returns 0 and sets *lines and, when
 * head is not NULL, the digest of the last line (it can be noted elsewhere: a
 * chain cannot tell that its end was cut off); the number of the first bad
 * line, with *why set to a phrase; or -1 with errno.  A trail may begin in
 * the middle when a record of audit_cut's tells so.
 */
long	 audit_verify(const char *path, long *lines, char *head,
	    const char **why);

/*
 * Take out the records at the trail's beginning that are older than age
 * seconds, after a record of kind "audit", verdict "cut", that has the digest
 * of the last of them as its subject: the first that is left carries the same.
 * Returns how many there were (dry_run: would be), or -1 with errno: EBADMSG
 * when the trail is not as it was written, of which nothing is taken; EAGAIN
 * when another cut was faster.
 */
long	 audit_cut(const struct workspace *, long age, int dry_run);

/*
 * Open the file at path and lock it, however often it is replaced meanwhile;
 * a descriptor, or -1 with errno.
 */
int	 audit_open(const char *path, int flags);

#endif
