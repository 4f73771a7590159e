/*
 * Service containers of a session.  What is known of one is kept on the host,
 * SESSION/svc/NAME, one fact a file:
 *
 *	lock		held by the process that looks after it
 *	pid		of that process
 *	image		as it was asked for
 *	keys		of the environment; the values are nowhere
 *	started		seconds since the epoch
 *	state		pulling, starting, running; exited once it has ended
 *	ports		that it listens on
 *	note		how far the pull is, or why it ended
 *	exit		a record: status, how it ended
 *	log log.old	what it wrote, the last of it
 *	run/		mounted read-only at /run/aipod in its container
 *
 * The socket that the agent's relay connects to is SESSION/run/svc-NAME.sock.
 */
#ifndef AIPOD_SVC_H
#define AIPOD_SVC_H

#include "argv.h"
#include "buf.h"
#include "session.h"
#include "svcname.h"

#define SVC_MAX		16		/* alive in a session */
#define SVC_LOG		(1024 * 1024)	/* bytes of log, and of log.old */

struct svc {
	char		 name[SVCNAME_MAX];
	char		 session[SESSION_ID];
	char		*dir;
	char		*image;
	char		*state;
	char		*ports;		/* "5432 8080", or NULL: none */
	char		*note;		/* or NULL */
	long long	 started;
	int		 alive;		/* it is looked after */
	int		 ended;		/* or about to */
	int		 status;	/* when it has ended; -1: not known */
	char		 how[16];	/* exited, oom, killed, timeout, ... */
	struct buf	 log;		/* svc_read_log */
};

/* 0, or -1 with errno ENOENT. */
int	svc_load(const struct session *, const char *name, struct svc *);
void	svc_free(struct svc *);
/* All of a session, by name; count. */
int	svcs_list(const struct session *, struct svc **);
void	svcs_free(struct svc *, int n);

/*
 * Have it ended and removed: 1 when it is, 0 when it takes longer than ms.  One
 * that has ended already is forgotten.  At once: without the time that the
 * image's own signal gives it.
 */
int	svc_stop(const struct svc *, int at_once, int ms);
/* The same, at once, for all that a session has; for the end of it. */
void	svcs_end(const struct session *);

/* Read the end of its log, at most max bytes, beginning with a whole line. */
void	svc_read_log(struct svc *, size_t max);

/*
 * What is to be started.
 */
struct svcspec {
	const char	*name;
	const char	*image;
	struct argv	 keys;		/* sorted */
	struct buf	 env;		/* KEY=VALUE and a NUL, each */
	struct argv	 command;	/* none: the image's */
	int		 port;		/* to wait for; 0: any it says */
	int		 timeout;	/* seconds */
};

/* NULL for a good image or key, or a phrase that says what is wrong. */
const char *svc_image_problem(const char *);
const char *svc_key_problem(const char *);
/* Add a variable; 0, or -1 with *why set to a phrase. */
int	svcspec_env(struct svcspec *, const char *key, const char *value,
	    const char **why);
/* "IMAGE env KEY ...", as rules have it. */
int	svcspec_subject(const struct svcspec *, struct buf *);
void	svcspec_free(struct svcspec *);

#endif
