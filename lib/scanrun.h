/*
 * A run of aipod-scan: what it knows, what it reads and what it found.
 */
#ifndef AIPOD_SCANRUN_H
#define AIPOD_SCANRUN_H

#include <pthread.h>

#include "buf.h"
#include "found.h"

#define SCANRUN_THREADS	64

struct scan_names;
struct scan_rules;
struct scan_work;
struct scanlink;
struct seen;

struct scanrun {
	unsigned char	 key[32];
	struct scan_names *names;
	struct scan_rules *rules;	/* NULL until one is read */
	char		*rulesfile;
	struct buf	 published;
	struct scan_work *work[SCANRUN_THREADS];
	struct found_list list;
	struct scanlink	*links;
	struct seen	*seen;		/* files known to be clean, or NULL */
	pthread_mutex_t	 lock;
	int		 show;
	int		 allow;		/* comments in the file may */
	int		 quiet;
	int		 partly;	/* not everything could be read */
};

/* All zero, with the options set: load rules and key. */
void	xscanrun_open(struct scanrun *, const char *keyfile);
void	scanrun_close(struct scanrun *);

/*
 * Scan below rootfd, or rel in it.  state is the workspace's state directory
 * where what is clean is remembered (NULL: it is not).
 */
void	scanrun_tree(struct scanrun *, int rootfd, const char *rel,
	    int narrow, int threads, const char *state);
/* What is staged in the repository at dir, or its whole history. */
void	xscanrun_git(struct scanrun *, const char *dir, int history);
/* Drop the findings that the file knows; exit ST_USAGE when it is wrong. */
void	xscanrun_baseline(struct scanrun *, const char *file);

#endif
