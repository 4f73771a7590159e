/*
 * HTTP/1.1 message heads by RFC 9112, strictly: what two readers might take
 * differently (bare CR or LF, obs-fold, space before the colon, two lengths,
 * a length beside Transfer-Encoding, odd codings) is refused.
 */
#ifndef AIPOD_HTTP_H
#define AIPOD_HTTP_H

#include <stddef.h>
#include <stdint.h>

#define HTTP_HEAD_MAX	65536		/* bytes of a head */
#define HTTP_FIELDS_MAX	100

struct http_field {
	const char	*name;		/* NUL-terminated, as sent */
	const char	*value;		/* NUL-terminated, OWS trimmed */
};

struct http_head {
	const char	*method;	/* request */
	const char	*target;
	int		 status;	/* response */
	int		 minor;		/* HTTP/1.minor: 0 or 1 */
	struct http_field field[HTTP_FIELDS_MAX];
	size_t		 nfield;
};

/*
 * Parse a head at the start of the n bytes at p, in place: the strings of the
 * head point into p.  Returns the length of the head with its empty line, 0
 * when more bytes are needed (p is unchanged then), or minus the status to
 * answer: -400, -414, -431, -505.  A request of HTTP/1.1 without exactly one
 * Host is -400.
 */
long	http_request(struct http_head *, char *p, size_t n);
long	http_response(struct http_head *, char *p, size_t n);

/*
 * The value of the field (names compare without case); NULL when absent.
 * http_field_count tells how often it stands there.
 */
const char *http_field(const struct http_head *, const char *name);
size_t	http_field_count(const struct http_head *, const char *name);
/* 1 when a comma-separated field holds the token, without case. */
int	http_has_token(const struct http_head *, const char *name,
	    const char *token);
/* 1 when the connection stays open after this message (RFC 9112, 9.3). */
int	http_keepalive(const struct http_head *);

/* How the body is delimited. */
enum http_framing { HTTP_NONE, HTTP_LENGTH, HTTP_CHUNKED, HTTP_CLOSE };

/*
 * Decide by RFC 9112, 6.3.  Returns 0 and sets *framing and *len, or minus
 * the status to answer (-400, -501).
 */
int	http_body(const struct http_head *, int is_response,
	    enum http_framing *framing, uint64_t *len);

/*
 * Incremental decoder of chunked bodies; start from all zero.  Feeds on n
 * bytes at p, moves the decoded data to the front of p and sets *out to its
 * length.  Returns the number of bytes consumed, or -1 on bad syntax; done is
 * set after the last chunk and its trailers, which are discarded.
 */
struct http_chunks {
	int		 state;
	int		 done;
	uint64_t	 left;
	size_t		 line;		/* bytes of size lines and trailers */
};
long	http_chunks(struct http_chunks *, char *p, size_t n, size_t *out);

#endif
