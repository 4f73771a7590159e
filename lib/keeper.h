/*
 * The process that lib/svckeep.c starts: what its parts share.
 */
#ifndef AIPOD_KEEPER_H
#define AIPOD_KEEPER_H

#include <sys/types.h>

#include "svcbox.h"
#include "svckeep.h"

enum keeper_wish { KEEP_ON, KEEP_STOP, KEEP_KILL };

struct keeper {
	const struct svckeep_job *job;
	char		*dir;		/* SESSION/svc/NAME */
	char		*run;		/* its run/ */
	char		*sock;		/* SESSION/run/svc-NAME.sock */
	char		*container;
	struct svcimage	 image;
	int		 up;		/* whoever started it, or -1 */
	int		 told;		/* how it went */
	int		 session;	/* the session's lock, not locked */
	enum keeper_wish wish;
	const char	*how;		/* why it ends, when we want it */
	int		 start;		/* listening at run/start.sock, or -1 */
	int		 listener;	/* for the relay inside, or -1 */
	int		 life;		/* the relay's lifeline, or -1 */
	int		 log;		/* what the service writes, or -1 */
	int		 logwrite;	/* the other end, or -1 */
	int		 logfile;
	long long	 logged;	/* bytes in it */
	int		 watch;		/* told of ports, or -1 */
	char		 line[512];
	size_t		 linelen;
	int		 ports[LISTENING_MAX];
	size_t		 nports;
	int		 have;		/* who watches has them */
	long long	 seen;		/* when the one to wait for was there */
	long long	 deadline;	/* for it, ms */
	long long	 asked;		/* when it was told to end, ms; or 0 */
	int		 running;	/* it has been there */
	int		 status;	/* -1: not known */
	int		 oom;
	int		 gone;		/* PID 1 is, and so is all of it */
	char		*note;		/* why it failed */
};

long long keeper_ms(void);
/* Facts and news; nothing is written any more once the session is over. */
void	keeper_put(struct keeper *, const char *fact, const char *value);
void	keeper_tell(struct keeper *, const char *line);
/* Look at signals, at the session and at who started it. */
void	keeper_look(struct keeper *);

/* svcimg.c: find or pull the image.  0, or -1 with the note set. */
int	keeper_image(struct keeper *);
/* svcrun.c: run the container to its end.  0, or -1 with the note set. */
int	keeper_run(struct keeper *);

#endif
