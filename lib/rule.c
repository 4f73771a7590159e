#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buf.h"
#include "io.h"
#include "name.h"
#include "num.h"
#include "preset.h"
#include "rule.h"

#define RULES_MAX	(1024 * 1024)	/* bytes of a file */
#define WORDS_MAX	64		/* words of a line */

#define PRESET	3		/* in kinds: a spelling, no kind of its own */
static const char *const kinds[] = { "command", "service", "host", "preset" };
static const char *const verdicts[] = { "none", "allow", "deny" };

/* A word of a line; star: it ends in " *" that was written as such. */
struct word {
	char	*s;
	int	 quoted;
	int	 star;
};

static int
fail(struct rules *rs, const char *file, int line, const char *fmt, ...)
{
	va_list ap;
	int n;

	n = line > 0 ? snprintf(rs->why, sizeof(rs->why), "%s:%d: ", file, line) :
	    snprintf(rs->why, sizeof(rs->why), "%s: ", file);
	if (n >= 0 && (size_t)n < sizeof(rs->why)) {
		va_start(ap, fmt);
		vsnprintf(rs->why + n, sizeof(rs->why) - (size_t)n, fmt, ap);
		va_end(ap);
	}
	return -1;
}

/* ---- words --------------------------------------------------------------- */

static int
hex_digit(int c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The byte that an escape after a backslash stands for, 0 when it is none. */
static int
escaped(char **p)
{
	int c = *(*p)++, hi, lo;

	switch (c) {
	case 'n':
		return '\n';
	case 't':
		return '\t';
	case '"':
	case '\\':
		return c;
	case 'x':
		if ((hi = hex_digit((*p)[0])) == -1 ||
		    (lo = hex_digit((*p)[1])) == -1)
			return 0;
		*p += 2;
		return hi * 16 + lo;
	default:
		return 0;
	}
}

/* A quoted word, unescaped in place; a phrase when it is malformed. */
static const char *
quoted_word(char **pp, struct word *w)
{
	char *p = *pp, *out = p + 1;
	int c;

	w->s = out;
	w->quoted = 1;
	for (p++; *p != '"'; ) {
		if (*p == '\0')
			return "a quote is not closed";
		w->star = p[0] == ' ' && p[1] == '*' && p[2] == '"';
		if (*p != '\\') {
			*out++ = *p++;
			if (w->star)
				*out++ = *p++;
			continue;
		}
		p++;
		if ((c = escaped(&p)) == 0)
			return "no such escape: there are \\\" \\\\ \\n \\t"
			    " and \\xHH, not \\x00";
		*out++ = (char)c;
	}
	if (p[1] != '\0' && p[1] != ' ' && p[1] != '\t')
		return "a space must follow the closing quote";
	*pp = p[1] == '\0' ? p + 1 : p + 2;
	*out = '\0';
	return NULL;
}

static const char *
bare_word(char **pp, struct word *w)
{
	char *p;

	w->s = *pp;
	for (p = *pp; *p != '\0' && *p != ' ' && *p != '\t'; p++)
		if (strchr("\"'\\`$;&|<>()", *p) != NULL)
			return "this character must stand in double quotes";
	*pp = *p == '\0' ? p : p + 1;
	*p = '\0';
	return NULL;
}

/* Split a line in place; a phrase when it cannot be. */
static const char *
split(char *line, struct word *w, int *n)
{
	const char *why;
	char *p;

	for (p = line; *p != '\0'; p++)
		if ((unsigned char)*p < ' ' && *p != '\t')
			return *p == '\r' ? "a carriage return: lines end with"
			    " a newline alone" : "a control character";
	*n = 0;
	for (p = line;;) {
		p += strspn(p, " \t");
		if (*p == '\0' || *p == '#')
			return NULL;
		if (*n == WORDS_MAX)
			return "too many words";
		memset(&w[*n], 0, sizeof(*w));
		why = *p == '"' ? quoted_word(&p, &w[*n]) :
		    bare_word(&p, &w[*n]);
		if (why != NULL)
			return why;
		(*n)++;
	}
}

int
rule_quote(struct buf *b, const char *s, size_t n, int exact)
{
	size_t i;
	unsigned char c;

	buf_addc(b, '"');
	for (i = 0; i < n; i++) {
		c = (unsigned char)s[i];
		if (c == '"' || c == '\\') {
			buf_addc(b, '\\');
			buf_addc(b, c);
		} else if (c == '\n')
			buf_puts(b, "\\n");
		else if (c == '\t')
			buf_puts(b, "\\t");
		else if (c < ' ' || c >= 0x7f || (exact && c == '*' &&
		    i == n - 1 && i > 0 && s[i - 1] == ' '))
			buf_printf(b, "\\x%02x", c);
		else
			buf_addc(b, c);
	}
	return buf_addc(b, '"') == -1 || b->bad ? -1 : 0;
}

/* ---- what the kinds want ------------------------------------------------- */

int
rule_plain(const char *s, size_t n)
{
	size_t i;

	if (n == 0 || s[0] == ' ' || s[n - 1] == ' ')
		return 0;
	for (i = 0; i < n; i++) {
		if (s[i] == ' ' && s[i - 1] != ' ')
			continue;
		if (s[i] == '\0' || s[i] == ' ' ||
		    !(((s[i] | 32) >= 'a' && (s[i] | 32) <= 'z') ||
		    (s[i] >= '0' && s[i] <= '9') ||
		    strchr("_./:=@%+,-", s[i]) != NULL))
			return 0;
	}
	return 1;
}

static const char *
check_command(struct rule *r, const struct word *w, int n)
{
	size_t len = strlen(r->pattern);
	int i;

	if (len == 0)
		return "the command is empty";
	if (!w[0].quoted && n > 1 && strcmp(w[1].s, "digest") != 0)
		return "a command of several words must stand in double quotes";
	if (w[0].star) {
		r->pattern[len -= 2] = '\0';
		r->more = 1;
		if (!rule_plain(r->pattern, len))
			return "with \" *\" all other words must be plain:"
			    " no quotes, globs or other syntax of the shell";
	}
	if (n == 1)
		return NULL;
	if (n != 3 || strcmp(w[1].s, "digest") != 0)
		return "after the command there is nothing or digest HEX";
	if (r->more)
		return "a pattern cannot have a digest";
	for (i = 0; w[2].s[i] != '\0'; i++)
		if (!isdigit((unsigned char)w[2].s[i]) &&
		    (w[2].s[i] < 'a' || w[2].s[i] > 'f'))
			break;
	return i == 64 && w[2].s[i] == '\0' ? NULL :
	    "a digest is 64 lower-case hexadecimal digits";
}

static int
is_key(const char *s)
{
	if (isdigit((unsigned char)*s))
		return 0;
	for (; isalnum((unsigned char)*s) || *s == '_'; s++)
		;
	return *s == '\0';
}

static int
compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static const char *
check_service(struct rule *r, const struct word *w, int n)
{
	const char *p;
	int i;

	for (p = r->pattern; *p != '\0'; p++)
		if (!isalnum((unsigned char)*p) && strchr("._-/:@", *p) == NULL)
			break;
	if (p == r->pattern || *p != '\0' || *r->pattern == '-')
		return "an image is letters, digits and ._-/:@";
	if (n == 1)
		return NULL;
	if (n == 2 || strcmp(w[1].s, "env") != 0)
		return "after the image there is nothing or env KEY ...";
	for (i = 2; i < n; i++)
		if (*w[i].s == '\0' || !is_key(w[i].s))
			return "a KEY is letters, digits and underscores";
	qsort(r->rest + 1, (size_t)n - 2, sizeof(*r->rest), compare);
	for (i = 2; i < n - 1; i++)
		if (strcmp(r->rest[i], r->rest[i - 1]) == 0)
			return "a KEY stands there twice";
	return NULL;
}

/* Take the port off the end and the brackets off an IPv6 address. */
static const char *
split_host(struct rule *r)
{
	char *s = r->pattern, *end, *colon;
	long long port;

	if (*s == '[') {
		if ((end = strchr(s, ']')) == NULL ||
		    (end[1] != '\0' && end[1] != ':'))
			return "an IPv6 address stands in brackets";
		colon = end[1] == ':' ? end + 1 : NULL;
		*end = '\0';
		memmove(s, s + 1, (size_t)(end - s));
	} else if ((colon = strchr(s, ':')) != NULL) {
		if (strchr(colon + 1, ':') != NULL)
			return "an IPv6 address stands in brackets";
		*colon = '\0';
	}
	if (colon == NULL)
		return NULL;
	if (colon[1] == '0' || num_parse(colon + 1, 1, 65535, &port) == -1)
		return "a port is a number from 1 to 65535";
	r->port = (int)port;
	return NULL;
}

static const char *
check_host(struct rule *r, int n)
{
	enum name_kind kind;
	const char *why, *s;
	char name[NAME_HOST_MAX];
	int below, bracket = *r->pattern == '[';

	if (n != 1)
		return "after the host there is nothing";
	if ((why = split_host(r)) != NULL)
		return why;
	s = r->pattern;
	if (strcmp(s, "*") == 0)
		return r->verdict == RULE_DENY ? NULL : "to allow every host"
		    " there is --egress open";
	below = strncmp(s, "*.", 2) == 0 ? 2 : 0;
	kind = name_normalise(s + below, strlen(s + below), name);
	if (kind == NAME_BAD || (below && kind == NAME_ADDRESS) ||
	    (bracket && kind != NAME_ADDRESS))
		return "a host is a name, *.NAME or an address, with :PORT"
		    " where it matters";
	free(r->pattern);
	if ((r->pattern = malloc(sizeof(name) + 2)) == NULL)
		return "no memory";
	snprintf(r->pattern, sizeof(name) + 2, "%s%s", below ? "*." : "", name);
	return NULL;
}

/* ---- files --------------------------------------------------------------- */

static void
free_rule(struct rule *r)
{
	char **p;

	preset_free(r->preset);
	free(r->pattern);
	for (p = r->rest; p != NULL && *p != NULL; p++)
		free(*p);
	free(r->rest);
}

/* The words after the verdict and kind become r; a phrase when they do not. */
static const char *
make_rule(struct rule *r, const struct word *w, int n)
{
	int i;

	if ((r->pattern = strdup(w[0].s)) == NULL ||
	    (r->rest = calloc((size_t)n, sizeof(*r->rest))) == NULL)
		return "no memory";
	for (i = 1; i < n; i++)
		if ((r->rest[i - 1] = strdup(w[i].s)) == NULL)
			return "no memory";
	switch (r->kind) {
	case RULE_COMMAND:
		return check_command(r, w, n);
	case RULE_SERVICE:
		return check_service(r, w, n);
	default:
		return check_host(r, n);
	}
}

/* A preset is a host rule of many hosts. */
static const char *
make_preset(struct rule *r, const struct word *w, int n)
{
	const char *why = "no memory";

	if (n != 1)
		return "after preset comes one name";
	if ((r->pattern = strdup(w[0].s)) != NULL &&
	    (r->rest = calloc(1, sizeof(*r->rest))) != NULL)
		r->preset = preset_load(r->pattern, r->verdict, &why);
	return r->preset != NULL ? NULL : why;
}

static int
add_line(struct rules *rs, const char *name, int line, char *text)
{
	struct word w[WORDS_MAX];
	struct rule r, *grown;
	const char *why;
	int n, k;

	if ((why = split(text, w, &n)) != NULL)
		return fail(rs, name, line, "%s", why);
	if (n == 0)
		return 0;
	memset(&r, 0, sizeof(r));
	r.file = name;
	r.line = line;
	if (!w[0].quoted && strcmp(w[0].s, "allow") == 0)
		r.verdict = RULE_ALLOW;
	else if (!w[0].quoted && strcmp(w[0].s, "deny") == 0)
		r.verdict = RULE_DENY;
	else
		return fail(rs, name, line, "a rule begins with allow or deny");
	for (k = 0; k < 4; k++)
		if (n > 1 && !w[1].quoted && strcmp(w[1].s, kinds[k]) == 0)
			break;
	if (k == 4)
		return fail(rs, name, line,
		    "after %s comes command, service, host or preset", w[0].s);
	r.kind = k == PRESET ? RULE_HOST : (enum rule_kind)k;
	if (n < 3)
		return fail(rs, name, line, "the %s is missing", kinds[k]);
	why = k == PRESET ? make_preset(&r, w + 2, n - 2) :
	    make_rule(&r, w + 2, n - 2);
	if (why != NULL) {
		free_rule(&r);
		return fail(rs, name, line, "%s", why);
	}
	if ((grown = realloc(rs->r, (rs->n + 1) * sizeof(*grown))) == NULL) {
		free_rule(&r);
		return fail(rs, name, line, "no memory");
	}
	rs->r = grown;
	rs->r[rs->n++] = r;
	return 0;
}

int
rules_parse(struct rules *rs, const char *name, char *text)
{
	char *eol, *next;
	int line = 0;

	for (; text != NULL; text = next) {
		if ((eol = strchr(text, '\n')) != NULL)
			*eol = '\0';
		next = eol != NULL ? eol + 1 : NULL;
		if (add_line(rs, name, ++line, text) == -1)
			return -1;
	}
	return 0;
}

int
rules_load(struct rules *rs, const char *path)
{
	struct buf b = BUF_INIT;
	int fd, rc;

	if ((fd = io_open_trusted(path)) == -1) {
		if (errno == ENOENT)
			return 0;
		if (errno == EPERM)
			return fail(rs, path, 0, "refused: it must be a file of"
			    " yours that others cannot write: chmod go-w it");
		return fail(rs, path, 0, "%s", strerror(errno));
	}
	rc = io_slurp(fd, &b, RULES_MAX);
	close(fd);
	if (rc == -1 || buf_str(&b) == NULL)
		rc = fail(rs, path, 0, "%s", strerror(errno));
	else if (memchr(b.p, '\0', b.len) != NULL)
		rc = fail(rs, path, 0, "it holds a NUL byte");
	else
		rc = rules_parse(rs, path, b.p);
	buf_free(&b);
	return rc;
}

void
rules_free(struct rules *rs)
{
	size_t i;

	for (i = 0; i < rs->n; i++)
		free_rule(&rs->r[i]);
	free(rs->r);
	rs->r = NULL;
	rs->n = 0;
}

/* ---- matching ------------------------------------------------------------ */

static int
match_command(const struct rule *r, const char *cmd, size_t len)
{
	size_t n = strlen(r->pattern);

	if (len < n || memcmp(r->pattern, cmd, n) != 0)
		return 0;
	if (!r->more || (r->verdict == RULE_DENY && len == n))
		return len == n;
	if (len == n || cmd[n] != ' ')
		return 0;
	return r->verdict == RULE_DENY || rule_plain(cmd + n + 1, len - n - 1);
}

const struct rule *
rules_command(const struct rules *rs, const char *cmd, size_t len)
{
	size_t i;

	for (i = rs->n; i-- > 0; )
		if (rs->r[i].kind == RULE_COMMAND &&
		    match_command(&rs->r[i], cmd, len))
			return &rs->r[i];
	return NULL;
}

static int
match_host(const struct rule *r, const char *name, int port)
{
	size_t n, len;

	if (r->preset != NULL)
		return rules_host(r->preset, name, port) != NULL;
	if (r->port != 0 ? port != r->port : port != 80 && port != 443 &&
	    r->verdict != RULE_DENY)
		return 0;
	if (strcmp(r->pattern, "*") == 0)
		return 1;
	if (r->pattern[0] != '*')
		return strcmp(r->pattern, name) == 0;
	n = strlen(r->pattern) - 1;
	len = strlen(name);
	return len > n && memcmp(name + len - n, r->pattern + 1, n) == 0;
}

const struct rule *
rules_host(const struct rules *rs, const char *name, int port)
{
	size_t i;

	for (i = rs->n; i-- > 0; )
		if (rs->r[i].kind == RULE_HOST &&
		    match_host(&rs->r[i], name, port))
			return &rs->r[i];
	return NULL;
}

static int
match_service(const struct rule *r, const char *image, char *const *keys)
{
	char **k = r->rest;

	if (strcmp(r->pattern, image) != 0)
		return 0;
	if (*k == NULL && r->verdict == RULE_DENY)
		return 1;
	if (*k != NULL)
		k++;			/* the word env */
	for (; *k != NULL && keys != NULL && *keys != NULL; k++, keys++)
		if (strcmp(*k, *keys) != 0)
			return 0;
	return *k == NULL && (keys == NULL || *keys == NULL);
}

const struct rule *
rules_service(const struct rules *rs, const char *image, char *const *keys)
{
	size_t i;

	for (i = rs->n; i-- > 0; )
		if (rs->r[i].kind == RULE_SERVICE &&
		    match_service(&rs->r[i], image, keys))
			return &rs->r[i];
	return NULL;
}

/* ---- showing ------------------------------------------------------------- */

const char *
rule_digest(const struct rule *r)
{
	if (r->kind != RULE_COMMAND || r->rest[0] == NULL)
		return NULL;
	return r->rest[1];
}

int
rule_show(struct buf *b, const struct rule *r)
{
	char **p;

	buf_printf(b, "%s %s ", verdicts[r->verdict],
	    kinds[r->preset != NULL ? PRESET : (int)r->kind]);
	if (r->kind == RULE_COMMAND) {
		rule_quote(b, r->pattern, strlen(r->pattern), !r->more);
		if (r->more) {
			b->len--;
			buf_puts(b, " *\"");
		}
	} else if (r->kind == RULE_HOST && strchr(r->pattern, ':') != NULL)
		buf_printf(b, "[%s]", r->pattern);
	else
		buf_puts(b, r->pattern);
	if (r->port != 0)
		buf_printf(b, ":%d", r->port);
	for (p = r->rest; *p != NULL; p++)
		buf_printf(b, " %s", *p);
	return b->bad ? -1 : 0;
}
