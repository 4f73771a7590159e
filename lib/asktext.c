#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ask.h"
#include "buf.h"
#include "judge.h"
#include "name.h"
#include "utf8.h"

/*
 * The bytes line by line behind prefix.  A space at the end of a line is
 * written \x20: it could not be seen.
 */
static void
add_lines(struct buf *b, const char *prefix, const char *s, size_t n, int flags)
{
	size_t from, eol, end, i;

	for (from = 0; from <= n; from = eol + 1) {
		for (eol = from; eol < n && s[eol] != '\n'; eol++)
			;
		for (end = eol; end > from && s[end - 1] == ' '; end--)
			;
		buf_puts(b, prefix);
		vis_add(b, s + from, end - from, flags);
		for (i = end; i < eol; i++)
			buf_puts(b, "\\x20");
		buf_addc(b, '\n');
	}
}

static size_t
count_lines(const struct buf *b)
{
	size_t i, n = 1;

	for (i = 0; i < b->len; i++)
		n += b->p[i] == '\n';
	return n;
}

static int
is_ascii(const struct buf *b)
{
	size_t i;

	for (i = 0; i < b->len; i++)
		if ((unsigned char)b->p[i] >= 0x80)
			return 0;
	return 1;
}

static void
add_fact(struct buf *b, const char *name, const char *value)
{
	if (value == NULL)
		return;
	buf_printf(b, "  %-11s", name);
	vis_add(b, value, strlen(value), 0);
	buf_addc(b, '\n');
}

static void
add_subject(struct buf *b, const struct ask *q)
{
	size_t lines = count_lines(&q->subject);

	if (strcmp(q->kind, "command") == 0)
		buf_printf(b, "\nIt would run exactly this, %zu byte%s in %zu"
		    " line%s:\n\n", q->subject.len,
		    q->subject.len == 1 ? "" : "s", lines,
		    lines == 1 ? "" : "s");
	else
		buf_addc(b, '\n');
	add_lines(b, "  | ", q->subject.p, q->subject.len, 0);
	if (is_ascii(&q->subject))
		return;
	buf_puts(b, "\nIt holds characters beyond ASCII, which may look like"
	    " others. In ASCII:\n\n");
	add_lines(b, "  | ", q->subject.p, q->subject.len, VIS_ASCII);
}

static void
add_message(struct buf *b, const char *s)
{
	size_t n = strlen(s);

	buf_puts(b, "\nThe agent's own words, which nobody has checked:\n\n");
	add_lines(b, "  : ", s, n < ASK_MESSAGE ? n : ASK_MESSAGE, 0);
	if (n > ASK_MESSAGE)
		buf_printf(b, "(and %zu bytes more)\n", n - ASK_MESSAGE);
}

/* A name of two labels below which strangers register, as far as one can tell. */
static int
is_public(const char *first, const char *last)
{
	static const char *const generic[] = { "com", "net", "org", "gov",
	    "edu", "info", NULL };
	size_t n = (size_t)(last - first) - 1;
	int i;

	for (i = 0; generic[i] != NULL; i++)
		if (strlen(generic[i]) == n && memcmp(generic[i], first, n) == 0)
			return 1;
	return n <= 3 && strlen(last) == 2;
}

/* The name and port that a host's question is about, or NAME_BAD. */
static enum name_kind
parse_host(const char *subject, size_t n, char name[NAME_HOST_MAX], int *port)
{
	const char *host;
	size_t len;

	if (name_split_port(subject, n, &host, &len, port) == -1)
		return NAME_BAD;
	return name_normalise(host, len, name);
}

/* A rule without port has two, but none of this machine's own. */
static void
put_pattern(char pattern[ASK_PATTERN], const char *star, const char *name,
    int port)
{
	if ((port == 80 || port == 443) && strcmp(name, JUDGE_HOST) != 0)
		snprintf(pattern, ASK_PATTERN, "%s%s", star, name);
	else
		snprintf(pattern, ASK_PATTERN, "%s%s:%d", star, name, port);
}

int
ask_host(const char *subject, size_t n, char pattern[ASK_PATTERN])
{
	char name[NAME_HOST_MAX];
	int port;

	switch (parse_host(subject, n, name, &port)) {
	case NAME_HOST:
	case NAME_SINGLE:
		put_pattern(pattern, "", name, port);
		return 1;
	default:
		return 0;
	}
}

int
ask_domain(const char *kind, const char *subject, size_t n,
    char pattern[ASK_PATTERN])
{
	char name[NAME_HOST_MAX], *up, *last;
	int port;

	if (strcmp(kind, "host") != 0 ||
	    parse_host(subject, n, name, &port) != NAME_HOST ||
	    strcmp(name, JUDGE_HOST) == 0 ||
	    (up = strchr(name, '.')) == NULL ||
	    (last = strchr(++up, '.')) == NULL)
		return 0;
	if (strchr(++last, '.') == NULL && is_public(up, last))
		return 0;
	put_pattern(pattern, "*.", up, port);
	return 1;
}

int
ask_wrap(struct buf *b, const char *s, size_t n, int cols)
{
	uint32_t cp;
	size_t i;
	int len, col = 0, w;

	for (i = 0; i < n; i += (size_t)len) {
		if ((len = utf8_next(s + i, n - i, &cp)) < 0)
			len = -len;
		if (s[i] == '\n') {
			buf_addc(b, '\n');
			col = 0;
			continue;
		}
		if ((w = utf8_width(cp)) < 0)
			w = 1;
		if (col + w > cols) {
			buf_puts(b, "\n  > ");
			col = 4;
		}
		buf_add(b, s + i, (size_t)len);
		col += w;
	}
	return b->bad ? -1 : 0;
}

int
ask_render(const struct ask *q, struct buf *b)
{
	char pattern[ASK_PATTERN];

	if (strcmp(q->kind, "command") == 0)
		buf_puts(b, "An agent wants to run a command on this machine,"
		    " outside its box.\n\n");
	else if (strcmp(q->kind, "host") == 0)
		buf_puts(b, "An agent wants to reach a host on the network."
		    "\n\n");
	else
		buf_puts(b, "An agent wants to start a service container."
		    "\n\n");
	add_fact(b, "workspace", q->workspace);
	add_fact(b, "session", q->session);
	add_fact(b, "agent", q->agent);
	add_fact(b, "question", q->id);
	add_subject(b, q);
	if (strcmp(q->kind, "host") == 0 &&
	    ask_host(q->subject.p, q->subject.len, pattern))
		buf_printf(b, "\nAlways allows from now on:\n\n  * %s%s\n",
		    pattern, strchr(pattern, ':') == NULL ?
		    ", the ports 80 and 443" : "");
	if (ask_domain(q->kind, q->subject.p, q->subject.len, pattern))
		buf_printf(b, "\nInstead, always-domain allows from now on all"
		    " of:\n\n  * %s\n", pattern);
	if (q->changes != NULL) {
		buf_puts(b, "\nYou have allowed this before, but what it runs"
		    " has changed:\n\n");
		add_lines(b, "  ~ ", q->changes, strlen(q->changes), 0);
	}
	if (q->unbound != NULL)
		buf_printf(b, "\nHere \"always\" means once: %s\n",
		    q->unbound);
	if (q->message != NULL && *q->message != '\0')
		add_message(b, q->message);
	return b->bad ? -1 : 0;
}
