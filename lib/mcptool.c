#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "argv.h"
#include "buf.h"
#include "conf.h"
#include "io.h"
#include "json.h"
#include "jsonrpc.h"
#include "mcptool.h"
#include "mem.h"
#include "status.h"

#define SCHEMA_MAX	65536

static int
is_name(const char *s)
{
	static const char ok[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789_-";
	size_t n = strlen(s);

	return n > 0 && n <= MCPTOOL_NAME && strspn(s, ok) == n;
}

static int
is_object_schema(const struct json *j, int v)
{
	return json_type(j, v) == JSON_OBJECT &&
	    json_eq(j, json_get(j, v, "type"), "object");
}

/* What is wrong with the schema, or NULL. */
static const char *
schema_fault(const struct json *j, const char *name)
{
	int out = json_get(j, 0, "outputSchema");
	int title = json_get(j, 0, "title");
	int notes = json_get(j, 0, "annotations");
	int stays = json_get(j, 0, "stays");
	int words = json_get(j, 0, "command"), v, n = 0;

	if (json_type(j, 0) != JSON_OBJECT)
		return "it is no object";
	if (!json_eq(j, json_get(j, 0, "name"), name))
		return "name is not that of the directory";
	if (json_type(j, json_get(j, 0, "description")) != JSON_STRING)
		return "description is missing";
	if (title != -1 && json_type(j, title) != JSON_STRING)
		return "title is no string";
	if (!is_object_schema(j, json_get(j, 0, "inputSchema")))
		return "inputSchema is no schema of type object";
	if (out != -1 && !is_object_schema(j, out))
		return "outputSchema is no schema of type object";
	if (notes != -1 && json_type(j, notes) != JSON_OBJECT)
		return "annotations is no object";
	if (stays != -1 && json_type(j, stays) != JSON_TRUE &&
	    json_type(j, stays) != JSON_FALSE)
		return "stays is neither true nor false";
	if (words == -1)
		return NULL;
	if (json_type(j, words) != JSON_ARRAY)
		return "command is no array";
	for (v = json_first(j, words); v != -1; n++) {
		if (json_type(j, v) != JSON_STRING)
			return "command has what is no string";
		v = json_next(j, words, v);
	}
	if (n == 0 || n > MCPTOOL_WORDS)
		return "command has no word, or too many";
	return NULL;
}

/* The words of "command" with the program's path; 0, or -1 with a warning. */
static int
read_command(const char *path, const struct json *j, struct argv *argv)
{
	int words = json_get(j, 0, "command"), v, n = 0;
	char *word, *program;

	if (words == -1)
		return 0;
	for (v = json_first(j, words); v != -1; v = json_next(j, words, v)) {
		if ((word = json_str(j, v, NULL)) == NULL) {
			warnx("tool '%s' is left out: command has a word with"
			    " a NUL", path);
			return -1;
		}
		program = n++ > 0 || *word == '/' ? xstrdup(word) :
		    conf_tool(word);
		if (program == NULL) {
			warnx("tool '%s' is left out: there is no program"
			    " '%s'", path, word);
			free(word);
			return -1;
		}
		argv_add(argv, program);
		free(program);
		free(word);
	}
	return 0;
}

/* The entry for tools/list, or NULL. */
static char *
make_entry(const char *path, const char *text, size_t n, const char *name,
    struct mcptool *t)
{
	static const char *const members[] = { "name", "title", "description",
	    "inputSchema", "outputSchema", "annotations" };
	struct buf b = BUF_INIT, flat = BUF_INIT;
	struct json_out o;
	struct json j;
	const char *fault, *raw;
	size_t i, len;
	int v;

	if (json_parse(&j, text, n, JSON_DEPTH - 8, RPC_VALUES_MAX) == -1) {
		warnx("tool '%s' is left out: %s at byte %zu", path, j.why,
		    j.where);
		return NULL;
	}
	if ((fault = schema_fault(&j, name)) != NULL) {
		warnx("tool '%s' is left out: %s", path, fault);
		json_free(&j);
		return NULL;
	}
	if (read_command(path, &j, &t->argv) == -1) {
		json_free(&j);
		return NULL;
	}
	t->stays = json_type(&j, json_get(&j, 0, "stays")) == JSON_TRUE;
	json_begin(&o, &b);
	json_open(&o, '{');
	for (i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		if ((v = json_get(&j, 0, members[i])) == -1)
			continue;
		json_name(&o, members[i]);
		raw = json_raw(&j, v, &len);
		json_put_raw(&o, raw, len);
	}
	json_close(&o, '}');
	json_free(&j);
	xbuf_check(&b);
	rpc_compact(&flat, b.p, b.len);
	xbuf_check(&flat);
	buf_free(&b);
	return buf_str(&flat);
}

static int
open_file(const char *path, int trusted)
{
	if (trusted)
		return io_open_trusted(path);
	return open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

static char *
read_entry(const char *path, int trusted, const char *name, struct mcptool *t)
{
	struct buf b = BUF_INIT;
	char *entry = NULL;
	int fd;

	if ((fd = open_file(path, trusted)) == -1) {
		warn("tool '%s' is left out", path);
		return NULL;
	}
	if (io_slurp(fd, &b, SCHEMA_MAX) == -1)
		warn("tool '%s' is left out", path);
	else
		entry = make_entry(path, b.p, b.len, name, t);
	close(fd);
	buf_free(&b);
	return entry;
}

static int
can_run(const char *path, int trusted)
{
	int fd;

	if ((fd = open_file(path, trusted)) == -1 || access(path, X_OK) == -1) {
		warn("tool '%s' is left out", path);
		if (fd != -1)
			close(fd);
		return 0;
	}
	close(fd);
	return 1;
}

static void
add(struct mcptools *all, const char *dir, const char *name, int trusted)
{
	char *schema = xasprintf("%s/%s/schema.json", dir, name);
	char *run = xasprintf("%s/%s/run", dir, name);
	struct mcptool t = { NULL, ARGV_INIT, NULL, 0 };
	int i;

	t.entry = read_entry(schema, trusted, name, &t);
	if (t.entry != NULL && t.argv.n == 0) {
		if (can_run(run, trusted))
			argv_add(&t.argv, run);
		else {
			free(t.entry);
			t.entry = NULL;
		}
	}
	free(schema);
	free(run);
	if (t.entry == NULL) {
		argv_free(&t.argv);
		return;
	}
	if ((i = mcptools_find(all, name)) != -1) {
		argv_free(&all->t[i].argv);
		free(all->t[i].entry);
		t.name = all->t[i].name;
	} else {
		if (all->n == MCPTOOL_MAX)
			errx(ST_USAGE, "more than %d tools: remove some from"
			    " '%s'", MCPTOOL_MAX, dir);
		i = (int)all->n++;
		t.name = xstrdup(name);
	}
	all->t[i] = t;
}

static int
by_name(const void *a, const void *b)
{
	const struct mcptool *x = a, *y = b;

	return strcmp(x->name, y->name);
}

void
xmcptools_add(struct mcptools *all, const char *dir, int trusted)
{
	struct dirent *e;
	DIR *d;

	if ((d = opendir(dir)) == NULL) {
		if (errno != ENOENT)
			err(ST_SYS, "cannot read '%s'", dir);
		return;
	}
	while ((e = readdir(d)) != NULL)
		if (is_name(e->d_name))
			add(all, dir, e->d_name, trusted);
		else if (e->d_name[0] != '.')
			warnx("tool '%s/%s' is left out: not a name for a tool"
			    " (at most %d letters, digits, '_' and '-')", dir,
			    e->d_name, MCPTOOL_NAME);
	closedir(d);
	qsort(all->t, all->n, sizeof(all->t[0]), by_name);
}

void
xmcptools_load(struct mcptools *all)
{
	char *conf = xconf_config_dir();
	char *own = xasprintf("%s/tools", conf), *dir = xconf_share("tools");

	all->n = 0;
	xmcptools_add(all, dir, 0);
	xmcptools_add(all, own, 1);
	free(conf);
	free(own);
	free(dir);
}

void
mcptools_free(struct mcptools *all)
{
	while (all->n > 0) {
		all->n--;
		free(all->t[all->n].name);
		argv_free(&all->t[all->n].argv);
		free(all->t[all->n].entry);
	}
}

int
mcptools_find(const struct mcptools *all, const char *name)
{
	size_t i;

	for (i = 0; i < all->n; i++)
		if (strcmp(all->t[i].name, name) == 0)
			return (int)i;
	return -1;
}
