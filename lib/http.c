#include <string.h>
#include <strings.h>

#include "http.h"

#define LINE_MAX_START	8192		/* request line, status line */
#define SIZE_LINE_MAX	256		/* chunk size with its extensions */
#define TRAILERS_MAX	8192

static int
is_tchar(unsigned char c)
{
	if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
	    (c >= 'a' && c <= 'z'))
		return 1;
	return c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL;
}

/* What may stand in a field's value, a reason phrase, a chunk extension. */
static int
is_text(unsigned char c)
{
	return c == '\t' || (c >= ' ' && c != 0x7f);
}

static int
is_ows(char c)
{
	return c == ' ' || c == '\t';
}

/*
 * Length of the head with its empty line; 0 when it is not all there, or
 * minus a status as soon as it is clear that it will never be good.
 */
static long
head_length(const char *p, size_t n)
{
	const char *nl;
	size_t at = 0, lines = 0, max;

	while ((nl = memchr(p + at, '\n', n - at)) != NULL) {
		size_t end = (size_t)(nl - p);

		if (end == at || p[end - 1] != '\r')
			return -400;
		if (end + 1 > HTTP_HEAD_MAX)
			return -431;
		if (end == at + 1 && lines > 0)
			return (long)(end + 1);
		/* one empty line in front is to be ignored, not two */
		if (end == at + 1 && at > 0)
			return -400;
		if (end > at + 1)
			lines++;
		if (lines == 1 && end - at > LINE_MAX_START)
			return -414;
		if (lines > HTTP_FIELDS_MAX + 1)
			return -431;
		at = end + 1;
	}
	max = lines == 0 ? LINE_MAX_START : HTTP_HEAD_MAX - at;
	if (n - at > max)
		return lines == 0 ? -414 : -431;
	return 0;
}

/* One field line, NUL-terminated and without its CR LF. */
static int
parse_field(struct http_head *h, char *s, char *end)
{
	struct http_field *f;
	char *c, *v;

	for (c = s; is_tchar((unsigned char)*c); c++)
		;
	if (c == s || *c != ':')
		return -400;
	if (h->nfield == HTTP_FIELDS_MAX)
		return -431;
	*c = '\0';
	for (v = c + 1; is_ows(*v); v++)
		;
	while (end > v && is_ows(end[-1]))
		end--;
	*end = '\0';
	for (c = v; c < end; c++)
		if (!is_text((unsigned char)*c))
			return -400;
	f = &h->field[h->nfield++];
	f->name = s;
	f->value = v;
	return 0;
}

static int
parse_fields(struct http_head *h, char *p, char *end)
{
	char *nl;
	int rc;

	while (end - p > 2) {
		nl = memchr(p, '\n', (size_t)(end - p));
		nl[-1] = '\0';
		if ((rc = parse_field(h, p, nl - 1)) != 0)
			return rc;
		p = nl + 1;
	}
	return 0;
}

/* "HTTP/1.x" at s; the minor version, or minus a status. */
static int
parse_version(const char *s)
{
	if (strncmp(s, "HTTP/", 5) != 0 || s[5] < '0' || s[5] > '9' ||
	    s[6] != '.' || s[7] < '0' || s[7] > '9')
		return -400;
	if (s[5] != '1')
		return -505;
	return s[7] == '0' ? 0 : 1;
}

static int
parse_request_line(struct http_head *h, char *p, size_t n)
{
	char *c;

	if (memchr(p, '\0', n) != NULL)
		return -400;
	h->method = p;
	for (c = p; is_tchar((unsigned char)*c); c++)
		;
	if (c == p || *c != ' ')
		return -400;
	*c++ = '\0';
	h->target = c;
	while (*c > ' ' && *c < 0x7f)
		c++;
	if (c == h->target || *c != ' ')
		return -400;
	*c++ = '\0';
	if ((h->minor = parse_version(c)) < 0)
		return h->minor;
	return c[8] == '\0' ? 0 : -400;
}

static int
parse_status_line(struct http_head *h, char *p, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (!is_text((unsigned char)p[i]))
			return -400;
	if (n < 12 || (h->minor = parse_version(p)) < 0)
		return n < 12 ? -400 : h->minor;
	if (p[8] != ' ' || (p[12] != ' ' && p[12] != '\0'))
		return -400;
	for (i = 9; i < 12; i++) {
		if (p[i] < '0' || p[i] > '9')
			return -400;
		h->status = h->status * 10 + (p[i] - '0');
	}
	return h->status >= 100 && h->status <= 599 ? 0 : -400;
}

static long
parse(struct http_head *h, char *p, size_t n,
    int (*first)(struct http_head *, char *, size_t))
{
	char *start = p, *nl;
	long len;
	int rc;

	if ((len = head_length(p, n)) <= 0)
		return len;
	h->method = h->target = NULL;
	h->status = h->minor = 0;
	h->nfield = 0;
	if (p[0] == '\r' && p[1] == '\n')
		p += 2;
	nl = memchr(p, '\n', (size_t)(start + len - p));
	nl[-1] = '\0';
	if ((rc = first(h, p, (size_t)(nl - 1 - p))) != 0)
		return rc;
	if ((rc = parse_fields(h, nl + 1, start + len)) != 0)
		return rc;
	return len;
}

long
http_request(struct http_head *h, char *p, size_t n)
{
	size_t hosts;
	long len;

	if ((len = parse(h, p, n, parse_request_line)) <= 0)
		return len;
	hosts = http_field_count(h, "Host");
	if (hosts > 1 || (hosts == 0 && h->minor == 1))
		return -400;
	return len;
}

long
http_response(struct http_head *h, char *p, size_t n)
{
	return parse(h, p, n, parse_status_line);
}

const char *
http_field(const struct http_head *h, const char *name)
{
	size_t i;

	for (i = 0; i < h->nfield; i++)
		if (strcasecmp(h->field[i].name, name) == 0)
			return h->field[i].value;
	return NULL;
}

size_t
http_field_count(const struct http_head *h, const char *name)
{
	size_t i, n = 0;

	for (i = 0; i < h->nfield; i++)
		if (strcasecmp(h->field[i].name, name) == 0)
			n++;
	return n;
}

static int
list_has(const char *s, const char *token)
{
	size_t n, len = strlen(token);

	for (;; s += n) {
		while (is_ows(*s) || *s == ',')
			s++;
		if (*s == '\0')
			return 0;
		n = strcspn(s, ",");
		if (n >= len && strncasecmp(s, token, len) == 0 &&
		    strspn(s + len, " \t") == n - len)
			return 1;
	}
}

int
http_has_token(const struct http_head *h, const char *name, const char *token)
{
	size_t i;

	for (i = 0; i < h->nfield; i++)
		if (strcasecmp(h->field[i].name, name) == 0 &&
		    list_has(h->field[i].value, token))
			return 1;
	return 0;
}

int
http_keepalive(const struct http_head *h)
{
	if (http_has_token(h, "Connection", "close"))
		return 0;
	return h->minor > 0 || http_has_token(h, "Connection", "keep-alive");
}

static int
parse_length(const char *s, uint64_t *len)
{
	uint64_t n = 0;

	if (*s == '\0')
		return -400;
	for (; *s != '\0'; s++) {
		if (*s < '0' || *s > '9' || n > (INT64_MAX - 9) / 10)
			return -400;
		n = n * 10 + (uint64_t)(*s - '0');
	}
	*len = n;
	return 0;
}

int
http_body(const struct http_head *h, int is_response,
    enum http_framing *framing, uint64_t *len)
{
	const char *te = http_field(h, "Transfer-Encoding");
	size_t lengths = http_field_count(h, "Content-Length");

	*framing = HTTP_NONE;
	*len = 0;
	if (is_response && (h->status < 200 || h->status == 204 ||
	    h->status == 304))
		return 0;
	if (te != NULL) {
		if (lengths > 0 || h->minor == 0 ||
		    http_field_count(h, "Transfer-Encoding") > 1)
			return -400;
		if (strcasecmp(te, "chunked") != 0)
			return -501;
		*framing = HTTP_CHUNKED;
		return 0;
	}
	if (lengths > 1)
		return -400;
	if (lengths == 1) {
		*framing = HTTP_LENGTH;
		return parse_length(http_field(h, "Content-Length"), len);
	}
	if (is_response)
		*framing = HTTP_CLOSE;
	return 0;
}

enum chunk_state {
	SIZE_FIRST, SIZE, EXTENSION, SIZE_LF, DATA, DATA_CR, DATA_LF,
	TRAILER_FIRST, TRAILER_NAME, TRAILER_VALUE, TRAILER_LF, END_LF
};

static int
hex_value(unsigned char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* A byte of the line that gives a chunk's size; the next state, or -1. */
static int
size_byte(struct http_chunks *k, unsigned char c)
{
	int v;

	if (++k->line > SIZE_LINE_MAX)
		return -1;
	if (k->state == SIZE_LF) {
		k->line = 0;
		return c != '\n' ? -1 : k->left > 0 ? DATA : TRAILER_FIRST;
	}
	if (k->state != SIZE_FIRST && c == '\r')
		return SIZE_LF;
	if (k->state == EXTENSION)
		return is_text(c) ? EXTENSION : -1;
	if (k->state == SIZE && c == ';')
		return EXTENSION;
	if ((v = hex_value(c)) == -1 || k->left > INT64_MAX >> 4)
		return -1;
	k->left = k->left << 4 | (uint64_t)v;
	return SIZE;
}

static int
trailer_byte(struct http_chunks *k, unsigned char c)
{
	if (++k->line > TRAILERS_MAX)
		return -1;
	switch (k->state) {
	case TRAILER_FIRST:
		return c == '\r' ? END_LF : is_tchar(c) ? TRAILER_NAME : -1;
	case TRAILER_NAME:
		return c == ':' ? TRAILER_VALUE :
		    is_tchar(c) ? TRAILER_NAME : -1;
	case TRAILER_VALUE:
		return c == '\r' ? TRAILER_LF : is_text(c) ? TRAILER_VALUE : -1;
	case TRAILER_LF:
		return c == '\n' ? TRAILER_FIRST : -1;
	default:
		k->done = c == '\n';
		return c == '\n' ? END_LF : -1;
	}
}

long
http_chunks(struct http_chunks *k, char *p, size_t n, size_t *out)
{
	size_t i = 0, take;

	*out = 0;
	if (k->state == -1)
		return -1;
	while (i < n && !k->done) {
		if (k->state == DATA) {
			take = n - i;
			if (take > k->left)
				take = (size_t)k->left;
			memmove(p + *out, p + i, take);
			*out += take;
			i += take;
			k->left -= take;
			if (k->left == 0)
				k->state = DATA_CR;
			continue;
		}
		if (k->state == DATA_CR)
			k->state = p[i] == '\r' ? DATA_LF : -1;
		else if (k->state == DATA_LF)
			k->state = p[i] == '\n' ? SIZE_FIRST : -1;
		else if (k->state < DATA)
			k->state = size_byte(k, (unsigned char)p[i]);
		else
			k->state = trailer_byte(k, (unsigned char)p[i]);
		if (k->state == -1)
			return -1;
		i++;
	}
	return (long)i;
}
