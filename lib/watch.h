/*
 * The looks that aipod-watch takes at a workspace: what is new since the
 * session began and not decided about, and which hidden files are no longer the
 * ones that the container's view of them was laid over.
 */
#ifndef AIPOD_WATCH_H
#define AIPOD_WATCH_H

#define WATCH_HIDDEN	256		/* hidden files that are held */
#define WATCH_TOLD	4096		/* findings remembered as told */
#define WATCH_LINES	5		/* told in full in one look */
#define WATCH_SHARE	50		/* at most one part in so many of time */

struct watcher;
struct workspace;

/*
 * Hold on to the hidden files as they are now.  Exit ST_SYS or ST_USAGE when
 * what was decided cannot be read.
 */
struct watcher *xwatcher_new(const struct workspace *);
void	 watcher_free(struct watcher *);

/*
 * Scan, and tell of what nobody has decided about: a line on standard error, a
 * notification, a record in the audit trail; each finding once.
 */
void	 xwatcher_look(struct watcher *);

/* Seconds until the next look: every, or more where a look took long. */
long long watcher_pause(const struct watcher *, long long every);

#endif
