/*
 * The blobs of a git repository: what is staged, or all that its history
 * holds.  git is run so that nothing the repository's own configuration names
 * is: no hook, no monitor, no fetch, no filter.
 */
#ifndef AIPOD_SCANGIT_H
#define AIPOD_SCANGIT_H

#include <stddef.h>

#define SCANGIT_BLOB	(64 * 1024 * 1024)	/* a larger one is an error */

struct scangit {
	void	(*blob)(void *, const char *path, const void *, size_t);
	void	(*fail)(void *, const char *path, int error);
	void	*arg;
};

/*
 * Give out every blob; 0, or -1 with errno when git could not tell which
 * there are (it has said why on standard error).
 */
int	scangit_staged(const char *dir, const struct scangit *);
int	scangit_history(const char *dir, const struct scangit *);

#endif
