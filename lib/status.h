/*
 * Exit statuses: one table for every tool, see aipod-exit(7).
 */
#ifndef AIPOD_STATUS_H
#define AIPOD_STATUS_H

enum {
	ST_YES = 0,		/* yes, done */
	ST_NO = 1,		/* the answer is no: found, denied, busy, differs */
	ST_USAGE = 100,		/* the user erred; it will fail again */
	ST_SYS = 111,		/* the world erred; it may work later */
	ST_NOEXEC = 126,	/* found but cannot be run */
	ST_NOTFOUND = 127,	/* not found */
	ST_SIGNAL = 128		/* plus the signal that ended the child */
};

#endif
