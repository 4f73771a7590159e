/*
 * One login, on the host and in the box: the agent's file with its tokens.
 * Nothing of the host's is mounted for it.  Both ends have a copy and tell
 * each other over RUNDIR/login.sock when theirs has changed; what is newer
 * stays.  A message is a type, a length (32 bits), the time of the file's last
 * change in nanoseconds (64 bits, big-endian both), and the file's bytes.
 */
#ifndef AIPOD_LOGIN_H
#define AIPOD_LOGIN_H

#include "buf.h"

#define LOGIN_MAX	65536
#define LOGIN_SOCK	"login.sock"

struct login {
	char		 type;		/* F: take it in any case; N: if newer */
	long long	 changed;
	struct buf	 bytes;
};

/*
 * The wire.  0, or -1 with errno: ECONNRESET when the other end has closed,
 * EPROTO when that was no message.
 */
int	login_send(int fd, const struct login *);
int	login_recv(int fd, struct login *);

/*
 * The file: a regular one, no link, of at most LOGIN_MAX bytes; 0, or -1 with
 * errno.  Written by temporary file and rename, with its time of change.
 */
int	login_read(const char *path, struct login *);
int	login_write(const char *path, const struct login *);
void	login_free(struct login *);
int	login_same(const struct login *, const struct login *);

/*
 * In the box: connect and take what the host has; then login_follow in a
 * process of its own; login_last when all has ended.  The descriptor, or -1.
 */
int	login_begin(const char *sock, const char *path);
void	login_follow(int fd, const char *path);
void	login_last(const char *sock, const char *path);

/*
 * On the host: may the bytes `is` replace `was`?  Both are JSON of one shape,
 * and they differ in tokens and times of expiry alone.
 */
int	login_may(const struct buf *was, const struct buf *is);

struct loginhost {
	const char	*path;		/* the user's file */
	const char	*run;		/* the socket is made in here */
};
/*
 * Serve until fd hangs up; arg is a struct loginhost.  A zero byte goes to fd
 * when the socket listens.  For sidekick_start.
 */
void	login_serve(int fd, void *arg);

#endif
