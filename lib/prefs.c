#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "argv.h"
#include "devcontainer.h"
#include "io.h"
#include "json.h"
#include "mem.h"
#include "prefs.h"
#include "status.h"

#define FILE_MAX	(1024 * 1024)
#define MAX_VALUES	50000

int
prefs_json_without(struct buf *b, const char *member)
{
	struct buf out = BUF_INIT;
	struct json_out o;
	struct json j;
	char *key;
	int c;

	devcontainer_plain(b->p, b->len);
	if (json_parse_any(&j, b->p, b->len, JSON_DEPTH, MAX_VALUES) == -1)
		return -1;
	if (json_type(&j, 0) != JSON_OBJECT) {
		json_free(&j);
		errno = EINVAL;
		return -1;
	}
	json_begin(&o, &out);
	json_open(&o, '{');
	for (c = json_first(&j, 0); c != -1; c = json_next(&j, 0, c)) {
		key = json_key(&j, c);
		if (key != NULL && strcmp(key, member) != 0) {
			json_name(&o, key);
			json_put_value(&o, &j, c);
		}
		free(key);
	}
	json_close(&o, '}');
	buf_addc(&out, '\n');
	json_free(&j);
	buf_free(b);
	*b = out;
	return out.bad ? -1 : 0;
}

/* Where a string that begins at i ends, behind its quotes; n if it does not. */
static size_t
string_end(const char *s, size_t i, size_t n)
{
	char q = s[i];
	size_t quotes = 1;

	if (i + 2 < n && s[i + 1] == q && s[i + 2] == q)
		quotes = 3;
	for (i += quotes; i < n; i++) {
		if (s[i] == '\\' && q == '"')
			i++;
		else if (s[i] == '\n' && quotes == 1)
			return n;
		else if (s[i] == q && (quotes == 1 || (i + 2 < n &&
		    s[i + 1] == q && s[i + 2] == q)))
			return i + quotes;
	}
	return n;
}

/* The length of the first statement with its newline; 0: it does not end. */
static size_t
statement(const char *s, size_t n)
{
	size_t i = 0, next;
	int depth = 0;

	while (i < n) {
		if (s[i] == '#') {
			while (i < n && s[i] != '\n')
				i++;
			continue;
		}
		if (s[i] == '"' || s[i] == '\'') {
			if ((next = string_end(s, i, n)) == n)
				return 0;
			i = next;
			continue;
		}
		depth += (s[i] == '[' || s[i] == '{') -
		    (s[i] == ']' || s[i] == '}');
		if (s[i++] == '\n' && depth <= 0)
			return i;
	}
	return depth > 0 ? 0 : n;
}

/* 1 when a dotted key begins with this name. */
static int
is_of(const char *s, size_t n, const char *name)
{
	size_t len = strlen(name);
	char q = '\0';

	while (n > 0 && (*s == ' ' || *s == '\t'))
		s++, n--;
	if (n > 0 && (*s == '"' || *s == '\'')) {
		q = *s++;
		n--;
	}
	if (n <= len || memcmp(s, name, len) != 0)
		return 0;
	return q != '\0' ? s[len] == q : strchr(" \t.=]", s[len]) != NULL;
}

int
prefs_toml_without(struct buf *b, const char *name)
{
	struct buf out = BUF_INIT;
	int in_table = 0, dropped = 0, drop;
	size_t i, len, at;

	for (i = 0; i < b->len; i += len) {
		if ((len = statement(b->p + i, b->len - i)) == 0) {
			buf_free(&out);
			errno = EINVAL;
			return -1;
		}
		for (at = i; at < i + len && (b->p[at] == ' ' ||
		    b->p[at] == '\t'); at++)
			;
		if (at < i + len && b->p[at] == '[') {
			at += 1 + (at + 1 < i + len && b->p[at + 1] == '[');
			in_table = 1;
			drop = dropped = is_of(b->p + at, i + len - at, name);
		} else
			drop = in_table ? dropped :
			    is_of(b->p + at, i + len - at, name);
		if (!drop)
			buf_add(&out, b->p + i, len);
	}
	buf_free(b);
	*b = out;
	return out.bad ? -1 : 0;
}

static int
ends_in(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);

	return n >= m && strcmp(s + n - m, end) == 0;
}

static void
xtrim(int dir, const char *path, const char *name)
{
	char *file = xasprintf("home/%s", path);
	struct buf b = BUF_INIT;
	int rc;

	if (io_slurp_at(dir, file, &b, FILE_MAX) == -1) {
		if (errno != ENOENT)
			err(ST_SYS, "cannot read '%s'", file);
		free(file);
		return;
	}
	rc = ends_in(path, ".toml") ? prefs_toml_without(&b, name) :
	    prefs_json_without(&b, name);
	if (rc == -1) {
		warn("not taken along: '%s'", path);
		rc = unlinkat(dir, file, 0);
	} else
		rc = io_replace(dir, file, b.p, b.len, 0600);
	if (rc == -1)
		err(ST_SYS, "cannot write '%s'", file);
	buf_free(&b);
	free(file);
}

void
xprefs_trim(const struct agent *a, int dir)
{
	struct argv lines = ARGV_INIT;
	char *name;
	size_t i;

	if (agent_words(a, "leave", &lines) == -1)
		err(ST_USAGE, "cannot read what agent '%s' leaves", a->name);
	for (i = 0; i < lines.n; i++) {
		if ((name = strchr(lines.v[i], ' ')) == NULL)
			errx(ST_USAGE, "agent '%s': leave: '%s': must be a"
			    " file and a name in it", a->name, lines.v[i]);
		*name++ = '\0';
		xtrim(dir, lines.v[i], name);
	}
	argv_free(&lines);
}
