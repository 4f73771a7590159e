/*
 * Run a long command of the engine's: one line of progress on a terminal, the
 * whole output when it fails.
 */
#ifndef AIPOD_PROGRESS_H
#define AIPOD_PROGRESS_H

struct buf;

/*
 * Run v with the bytes of `in` (NULL: /dev/null) as standard input.  Its
 * output and errors are gathered, the last megabyte of them; with `show` the
 * newest line stands on standard error while it runs, behind `what`.  With
 * `through` they go to standard error as they come, and nothing is gathered.
 * Returns the exit status as child_wait does, or -1 with errno.
 */
int	progress_run(char *const *v, const struct buf *in, const char *what,
	    int show, int through, struct buf *out);

#endif
