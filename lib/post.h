/*
 * An HTTP/1.1 client for one POST a connection, over a Unix socket or plain
 * TCP.  The server is not trusted: heads are parsed by lib/http, and silence
 * ends the wait.
 */
#ifndef AIPOD_POST_H
#define AIPOD_POST_H

#include <sys/types.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "http.h"

struct post_to {
	char	*socket;	/* path of a Unix socket, or NULL: */
	char	*host;
	char	*port;
	char	*authority;	/* what the field Host says */
	char	*path;		/* begins with '/' */
};

struct post {
	int		 fd;
	struct http_head head;		/* of the answer */
	struct buf	 bytes;		/* the head and what came with it */
	size_t		 used;		/* of bytes */
	enum http_framing framing;
	uint64_t	 left;
	struct http_chunks chunks;
	const char	*why;		/* after failure */
};

/*
 * From http://HOST[:PORT][/PATH] or the path of a socket; PATH is /mcp when
 * none is given.  Returns 0, or -1 with errno EINVAL.  post_to_free releases.
 */
int	 post_to(struct post_to *, const char *where);
void	 post_to_free(struct post_to *);

/*
 * Connect, send and read the head of the answer (1xx are passed over).
 * fields are more header fields, each with its CRLF.  Give up when nothing
 * moves for `timeout' seconds.  Returns 0, or -1 with why; post_close is
 * needed after 0 only.
 */
int	 post_send(struct post *, const struct post_to *, const char *fields,
	    const char *body, size_t len, int timeout);
/* Up to n bytes of the body; 0 at its end; -1 with why. */
ssize_t	 post_read(struct post *, char *, size_t n);
void	 post_close(struct post *);

#endif
