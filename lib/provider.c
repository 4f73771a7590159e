#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "child.h"
#include "conf.h"
#include "io.h"
#include "mem.h"
#include "num.h"
#include "provider.h"
#include "status.h"

#define FILE_MAX	65536
#define KEY_MAX		8192

/*
 * What a file may say.  Values end up inside JSON, TOML and a shell's quotes,
 * so that they hold nothing that would have to be quoted there.
 */
static const char *const known[] = { "base_url", "kind", "model",
    "small_model", "key_file", "key_command" };

static const char *
value(const struct provider *p, const char *key)
{
	size_t i;

	for (i = 0; i < p->keys.n; i++)
		if (strcmp(p->keys.v[i], key) == 0)
			return p->values.v[i];
	return NULL;
}

static void
xcheck(const struct provider *p, const char *key, const char *v)
{
	size_t i;

	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(known[i], key) == 0)
			break;
	if (i == sizeof(known) / sizeof(known[0]))
		errx(ST_USAGE, "provider '%s': no setting '%s': there are"
		    " base_url, key_command, key_file, kind, model,"
		    " small_model", p->name, key);
	if (strncmp(key, "key_", 4) == 0)
		return;
	for (i = 0; v[i] != '\0'; i++)
		if (!isalnum((unsigned char)v[i]) &&
		    strchr("-._~:/?=&%@+[]", v[i]) == NULL)
			errx(ST_USAGE, "provider '%s': %s: no place for that"
			    " character, byte %zu", p->name, key, i + 1);
}

static void
xparse(struct provider *p, char *text)
{
	char *line, *next, *eq;

	for (line = text; line != NULL; line = next) {
		if ((next = strchr(line, '\n')) != NULL)
			*next++ = '\0';
		line += strspn(line, " \t");
		if (*line == '\0' || *line == '#')
			continue;
		if ((eq = strchr(line, '=')) == NULL || eq[1] == '\0')
			errx(ST_USAGE, "provider '%s': '%s': must be"
			    " KEY=VALUE", p->name, line);
		*eq++ = '\0';
		xcheck(p, line, eq);
		argv_add(&p->keys, line);
		argv_add(&p->values, eq);
	}
}

/* Whom it talks to: http://NAME[:PORT]/... */
static void
xhost(struct provider *p)
{
	const char *url = value(p, "base_url"), *s;
	long long port;
	char *digits;
	size_t n;

	if (url != NULL && strncmp(url, "https://", 8) == 0)
		s = url + 8, p->port = 443;
	else if (url != NULL && strncmp(url, "http://", 7) == 0)
		s = url + 7, p->port = 80;
	else
		errx(ST_USAGE, "provider '%s': base_url must begin with"
		    " https:// or http://", p->name);
	n = strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789.-");
	if (n == 0 || (s[n] != '\0' && strchr(":/?", s[n]) == NULL))
		errx(ST_USAGE, "provider '%s': base_url: must name a host in"
		    " lower case", p->name);
	p->host = xstrndup(s, n);
	if (s[n] != ':')
		return;
	s += n + 1;
	digits = xstrndup(s, strcspn(s, "/?"));
	if (num_parse(digits, 1, 65535, &port) == -1)
		errx(ST_USAGE, "provider '%s': base_url: '%s' is no port",
		    p->name, digits);
	p->port = (int)port;
	free(digits);
}

void
xprovider_load(struct provider *p, const char *name)
{
	char *dir = xconf_config_dir(), *path;
	struct buf b = BUF_INIT;
	int fd;

	memset(p, 0, sizeof(*p));
	if (*name == '\0' || *name == '.' || strchr(name, '/') != NULL)
		errx(ST_USAGE, "'%s' is no name of a provider", name);
	path = xasprintf("%s/providers/%s", dir, name);
	free(dir);
	if ((fd = io_open_trusted(path)) == -1) {
		if (errno == ENOENT)
			errx(ST_USAGE, "no provider '%s': write '%s', see"
			    " aipod-launch(1)", name, path);
		err(ST_USAGE, "cannot use '%s'", path);
	}
	if (io_slurp(fd, &b, FILE_MAX) == -1 || buf_str(&b) == NULL)
		err(ST_USAGE, "cannot read '%s'", path);
	close(fd);
	p->name = xstrdup(name);
	xparse(p, b.p);
	xhost(p);
	if (value(p, "key_file") != NULL && value(p, "key_command") != NULL)
		errx(ST_USAGE, "provider '%s': key_file or key_command, not"
		    " both", name);
	buf_free(&b);
	free(path);
}

void
provider_free(struct provider *p)
{
	free(p->name);
	free(p->host);
	argv_free(&p->keys);
	argv_free(&p->values);
	memset(p, 0, sizeof(*p));
}

/* The key without its newline. */
static void
xkey(const struct provider *p, struct buf *key)
{
	const char *file = value(p, "key_file"), *home = getenv("HOME");
	const char *command = value(p, "key_command");
	struct argv a = ARGV_INIT;
	char *path;
	size_t i;
	int fd;

	if (file != NULL) {
		path = strncmp(file, "~/", 2) == 0 && home != NULL ?
		    xasprintf("%s/%s", home, file + 2) : xstrdup(file);
		if ((fd = io_open_trusted(path)) == -1 ||
		    io_slurp(fd, key, KEY_MAX) == -1)
			err(ST_USAGE, "cannot read the key of provider '%s'"
			    " from '%s'", p->name, path);
		close(fd);
		free(path);
	} else if (command != NULL) {
		argv_add(&a, "sh");
		argv_add(&a, "-c");
		argv_add(&a, command);
		if (child_capture(a.v, NULL, key, KEY_MAX) != 0)
			errx(ST_USAGE, "the key_command of provider '%s'"
			    " failed", p->name);
		argv_free(&a);
	}
	while (key->len > 0 && isspace((unsigned char)key->p[key->len - 1]))
		key->len--;
	for (i = 0; i < key->len; i++)
		if (!isgraph((unsigned char)key->p[i]))
			errx(ST_USAGE, "the key of provider '%s' is not one"
			    " word", p->name);
}

/*
 * Append s with each @key@ replaced; 0 when one of them is not set, as the
 * whole line does not count then.
 */
static int
fill(const struct provider *p, const char *s, const struct buf *key,
    struct buf *out)
{
	const char *end, *v;
	char *word;

	for (; *s != '\0'; s++) {
		end = s + 1 + strspn(s + 1, "abcdefghijklmnopqrstuvwxyz_");
		if (*s != '@' || *end != '@' || end == s + 1) {
			buf_addc(out, *s);
			continue;
		}
		word = xstrndup(s + 1, (size_t)(end - s - 1));
		v = strcmp(word, "key") == 0 ? NULL : value(p, word);
		if (v != NULL)
			buf_puts(out, v);
		else if (strcmp(word, "key") == 0 && key != NULL &&
		    key->len > 0)
			buf_add(out, key->p, key->len);
		else {
			free(word);
			return 0;
		}
		free(word);
		s = end;
	}
	return 1;
}

/* The lines of the agent's template. */
static void
xlines(const struct provider *p, const struct agent *a, struct argv *lines)
{
	if (agent_words(a, "provider", lines) == -1)
		err(ST_USAGE, "cannot read what agent '%s' says of providers",
		    a->name);
	if (lines->n == 0)
		errx(ST_USAGE, "agent '%s' knows of no other provider: '%s'"
		    " cannot be used with it", a->name, p->name);
}

void
xprovider_options(const struct provider *p, const struct agent *a,
    struct argv *out)
{
	struct argv lines = ARGV_INIT;
	struct buf b = BUF_INIT;
	char *word, *rest;
	size_t i;

	xlines(p, a, &lines);
	for (i = 0; i < lines.n; i++) {
		if (strncmp(lines.v[i], "option ", 7) != 0)
			continue;
		buf_clear(&b);
		if (!fill(p, lines.v[i] + 7, NULL, &b))
			continue;
		if ((word = buf_str(&b)) == NULL)
			err(ST_SYS, "cannot say the provider");
		if ((rest = strchr(word, ' ')) != NULL)
			*rest++ = '\0';
		argv_add(out, word);
		if (rest != NULL)
			argv_add(out, rest);
	}
	buf_free(&b);
	argv_free(&lines);
}

void
xprovider_script(const struct provider *p, const struct agent *a,
    struct buf *out)
{
	struct buf key = BUF_INIT, b = BUF_INIT;
	struct argv lines = ARGV_INIT;
	char *word, *eq;
	size_t i;

	xkey(p, &key);
	xlines(p, a, &lines);
	for (i = 0; i < lines.n; i++) {
		if (strncmp(lines.v[i], "env ", 4) != 0)
			continue;
		buf_clear(&b);
		if (!fill(p, lines.v[i] + 4, &key, &b))
			continue;
		if ((word = buf_str(&b)) == NULL)
			err(ST_SYS, "cannot say the provider");
		if ((eq = strchr(word, '=')) == NULL)
			errx(ST_USAGE, "agent '%s': provider: '%s': must be"
			    " KEY=VALUE", a->name, lines.v[i]);
		*eq++ = '\0';
		buf_printf(out, "export %s=", word);
		argv_quote(out, eq);
		buf_addc(out, '\n');
	}
	xbuf_check(out);
	buf_free(&key);
	buf_free(&b);
	argv_free(&lines);
}

void
xprovider_give(const char *name, const struct agent *a, const char *session,
    int agent_dir, int quiet)
{
	struct buf b = BUF_INIT;
	struct provider p;
	char *path, *rule;

	xprovider_load(&p, name);
	xprovider_script(&p, a, &b);
	if (io_replace(agent_dir, "provider.sh", b.p, b.len, 0600) == -1)
		err(ST_SYS, "cannot write the agent's 'provider.sh'");
	path = xasprintf("%s/rules", session);
	rule = xasprintf("allow host %s:%d", p.host, p.port);
	if (io_put_line(path, rule) == -1)
		err(ST_SYS, "cannot write '%s'", path);
	if (!quiet)
		warnx("provider '%s': %s, for this session", name, rule);
	free(rule);
	free(path);
	buf_free(&b);
	provider_free(&p);
}
