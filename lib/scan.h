/*
 * The content of one file, window by window.
 */
#ifndef AIPOD_SCAN_H
#define AIPOD_SCAN_H

#include <stddef.h>

struct scan_rules;

/* The buffers of one thread. */
struct scan_work;

struct scan_hit {
	const char	*rule;
	long long	 line;
	long long	 col;
	const unsigned char *secret;	/* until the call returns */
	size_t		 len;
	const unsigned char *text;	/* the line that it stands on, or part */
	size_t		 ntext;
};

struct scan_work *xscan_work(const struct scan_rules *);
void	 scan_work_free(struct scan_work *);

/*
 * Read fd to its end, or the n bytes at p, and call hit for each secret, in
 * order.  path tells what kind of file it is.  Returns 0; -1 with errno when
 * it could not be read to the end (EOVERFLOW: too many secrets to tell all).
 */
int	 scan_fd(struct scan_work *, int fd, const char *path,
	    void (*hit)(void *, const struct scan_hit *), void *);
int	 scan_bytes(struct scan_work *, const void *p, size_t n,
	    const char *path, void (*hit)(void *, const struct scan_hit *),
	    void *);

#endif
