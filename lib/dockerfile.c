#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "argv.h"
#include "buf.h"
#include "dockerfile.h"
#include "mem.h"

#define COPY_LINE	"COPY aipod /opt/aipod\n"

struct text {
	const char	*p;
	const char	*end;
};

/* One line without its newline; 0 at the end. */
static int
next_line(struct text *t, const char **line, size_t *len)
{
	const char *nl;

	if (t->p == t->end)
		return 0;
	*line = t->p;
	nl = memchr(t->p, '\n', (size_t)(t->end - t->p));
	*len = (size_t)((nl != NULL ? nl : t->end) - t->p);
	t->p = nl != NULL ? nl + 1 : t->end;
	return 1;
}

static int
is_blank_or_comment(const char *s, size_t n)
{
	while (n > 0 && isspace((unsigned char)*s))
		s++, n--;
	return n == 0 || *s == '#';
}

static int
is_continued(const char *s, size_t n)
{
	while (n > 0 && isspace((unsigned char)s[n - 1]))
		n--;
	return n > 0 && s[n - 1] == '\\';
}

/* The word behind << of a here-document, or 0. */
static size_t
heredoc(const char *s, size_t n, const char **word)
{
	size_t i = 0, len;

	while (i + 2 < n && !(s[i] == '<' && s[i + 1] == '<'))
		i++;
	if (i + 2 >= n)
		return 0;
	i += 2;
	if (i < n && s[i] == '-')
		i++;
	if (i < n && (s[i] == '"' || s[i] == '\''))
		i++;
	for (len = 0; i + len < n && (isalnum((unsigned char)s[i + len]) ||
	    s[i + len] == '_'); len++)
		;
	*word = s + i;
	return len;
}

static void
skip_heredoc(struct text *t, const char *word, size_t n)
{
	const char *line;
	size_t len;

	while (next_line(t, &line, &len)) {
		while (len > 0 && *line == '\t')
			line++, len--;
		while (len > 0 && line[len - 1] == '\r')
			len--;
		if (len == n && memcmp(line, word, n) == 0)
			return;
	}
}

/*
 * One instruction with everything that belongs to it, as it stands in the
 * text; blank lines and comments before it come alone.  0 at the end.
 */
static int
next_instruction(struct text *t, const char **start, size_t *len)
{
	const char *line, *word;
	size_t n, w;
	int is_run;

	*start = t->p;
	if (!next_line(t, &line, &n))
		return 0;
	if (!is_blank_or_comment(line, n)) {
		while (n > 0 && isspace((unsigned char)*line))
			line++, n--;
		is_run = n > 4 && (strncasecmp(line, "RUN", 3) == 0 ||
		    strncasecmp(line, "COPY", 4) == 0 ||
		    strncasecmp(line, "ADD", 3) == 0);
		for (;;) {
			if (is_run && (w = heredoc(line, n, &word)) > 0) {
				skip_heredoc(t, word, w);
				break;
			}
			/* comments between continued lines continue, too */
			if (!is_continued(line, n) &&
			    !(line != *start && is_blank_or_comment(line, n)))
				break;
			if (!next_line(t, &line, &n))
				break;
		}
	}
	*len = (size_t)(t->p - *start);
	return 1;
}

static int
is_word(const char *s, size_t n, const char *word)
{
	size_t len = strlen(word);

	while (n > 0 && isspace((unsigned char)*s))
		s++, n--;
	return n > len && strncasecmp(s, word, len) == 0 &&
	    isspace((unsigned char)s[len]);
}

/* Length of a URL's beginning that means the older tool's server, or 0. */
static size_t
is_old_url(const char *s, size_t n)
{
	static const char *const urls[] = {
		"http://${HOST_GATEWAY}:7822/",
		"http://$HOST_GATEWAY:7822/",
		"http://host.containers.internal:7822/",
		"http://host.docker.internal:7822/",
	};
	size_t i, len;

	for (i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
		len = strlen(urls[i]);
		if (n >= len && memcmp(s, urls[i], len) == 0)
			return len;
	}
	return 0;
}

static int
has_old_url(const char *s, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (s[i] == 'h' && is_old_url(s + i, n - i) > 0)
			return 1;
	return 0;
}

static void
add_rewritten(struct buf *out, const char *s, size_t n)
{
	size_t i, len;

	for (i = 0; i < n; i += len)
		if (s[i] == 'h' && (len = is_old_url(s + i, n - i)) > 0)
			buf_puts(out, "file:///opt/aipod/");
		else {
			buf_addc(out, s[i]);
			len = 1;
		}
}

int
dockerfile_adapt(const char *s, size_t n, const char *after_from,
    struct buf *out)
{
	struct text t = { s, s + n };
	const char *p;
	size_t len;
	int copied = 0;

	while (next_instruction(&t, &p, &len)) {
		if (is_blank_or_comment(p, len) || !has_old_url(p, len))
			buf_add(out, p, len);
		else {
			if (!copied)
				buf_puts(out, COPY_LINE);
			copied = 1;
			add_rewritten(out, p, len);
		}
		if (p[len - 1] != '\n')
			buf_addc(out, '\n');
		if (is_word(p, len, "FROM")) {
			copied = 0;
			if (after_from != NULL)
				buf_puts(out, after_from);
		}
	}
	return out->bad ? -1 : 0;
}

static size_t
name_len(const char *s, const char *end)
{
	const char *p = s;

	while (p < end && (isalnum((unsigned char)*p) ||
	    strchr("-_.@", *p) != NULL) && *p != '\0')
		p++;
	return (size_t)(p - s);
}

static void
add_agent(struct argv *a, const char *s, size_t n)
{
	char *name;
	size_t i;

	if (n > 3 && memcmp(s + n - 3, ".sh", 3) == 0)
		n -= 3;
	if (n == 0 || n > 128)
		return;
	name = xstrndup(s, n);
	for (i = 0; i < a->n; i++)
		if (strcmp(a->v[i], name) == 0)
			break;
	if (i == a->n)
		argv_add(a, name);
	free(name);
}

void
dockerfile_agents(const char *s, size_t n, struct argv *a)
{
	static const struct {
		const char	*before;
		int		 many;
	} marks[] = {
		{ "/opt/aipod/agent ", 1 },
		{ ":7822/install/", 0 },
		{ "host-tools install ", 0 },
	};
	const char *p, *end = s + n, *q;
	size_t i, len, m;
	struct text t = { s, end };

	while (next_instruction(&t, &p, &len)) {
		if (is_blank_or_comment(p, len))
			continue;
		end = p + len;
		for (; p < end; p++)
			for (i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
				m = strlen(marks[i].before);
				if ((size_t)(end - p) < m ||
				    memcmp(p, marks[i].before, m) != 0)
					continue;
				q = p + m;
				do {
					while (marks[i].many && q < end &&
					    *q == ' ')
						q++;
					m = name_len(q, end);
					add_agent(a, q, m);
					q += m;
				} while (marks[i].many && m > 0 && q < end &&
				    *q == ' ');
			}
	}
}

int
dockerfile_has_from(const char *s, size_t n, const char *image)
{
	struct text t = { s, s + n };
	const char *p, *end;
	size_t len, m = strlen(image);

	while (next_instruction(&t, &p, &len)) {
		if (!is_word(p, len, "FROM"))
			continue;
		for (end = p + len; isspace((unsigned char)*p); p++)
			;
		for (p += 4; p < end && isspace((unsigned char)*p); p++)
			;
		if ((size_t)(end - p) >= m && memcmp(p, image, m) == 0 &&
		    ((size_t)(end - p) == m || isspace((unsigned char)p[m])))
			return 1;
	}
	return 0;
}
