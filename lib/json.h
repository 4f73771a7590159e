/*
 * JSON, RFC 8259: jsmn finds the tokens, this module checks everything that
 * jsmn leaves out (literals, numbers, commas and colons, one value only, valid
 * UTF-8, escapes, control characters) and unescapes.  Strict: a lone
 * surrogate, \u0000 in a member's name and a name given twice in one object
 * are refused, because two readers could disagree about them.
 */
#ifndef AIPOD_JSON_H
#define AIPOD_JSON_H

#include <stddef.h>

struct buf;

enum json_type {
	JSON_NONE, JSON_NULL, JSON_TRUE, JSON_FALSE, JSON_NUMBER, JSON_STRING,
	JSON_ARRAY, JSON_OBJECT
};

#define JSON_DEPTH	64		/* default bound on nesting */

struct json {
	const char	*s;		/* the caller's text; must outlive this */
	size_t		 len;
	void		*tok;		/* owned */
	int		 n;
	const char	*why;		/* after failure: a static phrase */
	size_t		 where;		/* after failure: byte offset */
	int		 lenient;	/* parsed by json_parse_any */
};

/*
 * Parse len bytes as one JSON text nested at most depth levels and of at most
 * maxtok values.  Returns 0, or -1 with errno EINVAL (not JSON), E2BIG (a
 * bound exceeded) or ENOMEM; json_free is needed after 0 only.  The root is
 * value 0.  A value below is named by an int; -1 names no value, and every
 * function takes it and answers "none".
 */
int	 json_parse(struct json *, const char *, size_t len, int depth,
	    int maxtok);
/*
 * The same for all of RFC 8259: a name may stand twice in an object (the first
 * is found) and hold U+0000 (it cannot be asked for).  Not for what decides.
 */
int	 json_parse_any(struct json *, const char *, size_t len, int depth,
	    int maxtok);
void	 json_free(struct json *);

enum json_type json_type(const struct json *, int v);
/* The member of an object with this name (compared unescaped), or -1. */
int	 json_get(const struct json *, int v, const char *name);
/* Number of elements or members; 0 for anything else. */
int	 json_count(const struct json *, int v);
/*
 * Iterate: for (c = json_first(j, v); c != -1; c = json_next(j, v, c)).
 * Elements of an array; values of an object, whose name is json_key.
 */
int	 json_first(const struct json *, int v);
int	 json_next(const struct json *, int v, int c);
/* The name of member c, unescaped, as a new string; NULL on ENOMEM. */
char	*json_key(const struct json *, int c);

/*
 * A string unescaped, as a new string with a NUL behind its *len bytes (len
 * may be NULL: then a string that contains U+0000 gives NULL, EINVAL).  NULL
 * with errno EINVAL when v is no string.
 */
char	*json_str(const struct json *, int v, size_t *len);
/* 1 when v is a string equal to s. */
int	 json_eq(const struct json *, int v, const char *s);
/* An integer: no fraction or exponent, in [min, max]; 0, or -1. */
int	 json_int(const struct json *, int v, long long min, long long max,
	    long long *);
/* The text of v as it stands in the input (a string with its quotes). */
const char *json_raw(const struct json *, int v, size_t *len);

/*
 * Writing.  The writer puts commas and colons; the caller nests at most
 * JSON_DEPTH levels.  Errors gather in the buffer's `bad`.
 */
struct json_out {
	struct buf	*b;
	int		 depth;
	unsigned char	 some[JSON_DEPTH];	/* a value stands here already */
	int		 keyed;
};

void	 json_begin(struct json_out *, struct buf *);
void	 json_open(struct json_out *, int bracket);	/* '{' or '[' */
void	 json_close(struct json_out *, int bracket);	/* '}' or ']' */
void	 json_name(struct json_out *, const char *);
/* Bytes that are not valid UTF-8 become U+FFFD, one for each maximal part. */
void	 json_put_strn(struct json_out *, const char *, size_t);
void	 json_put_str(struct json_out *, const char *);	/* NULL: null */
void	 json_put_int(struct json_out *, long long);
void	 json_put_bool(struct json_out *, int);
void	 json_put_null(struct json_out *);
/* Text that is JSON already, e.g. from json_raw. */
void	 json_put_raw(struct json_out *, const char *, size_t);
/*
 * A value that was parsed, in one line, without space between, and with the
 * characters that have no business on a terminal (utf8_width) escaped.
 */
void	 json_put_value(struct json_out *, const struct json *, int v);

/* json_name and json_put_... in one. */
void	 json_member(struct json_out *, const char *name, const char *value);
void	 json_member_int(struct json_out *, const char *name, long long);
void	 json_member_bool(struct json_out *, const char *name, int);

/* Close the outermost object, and xbuf_put it as a line. */
void	 xjson_end(struct json_out *);

#endif
