#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buf.h"
#include "child.h"
#include "conf.h"
#include "io.h"
#include "json.h"
#include "mem.h"
#include "owned.h"
#include "session.h"
#include "workspace.h"

#define OUTPUT_MAX	(16 * 1024 * 1024)

static const char *const kinds[] = { "container", "volume", "network", "image" };

const char *
owned_kind_name(enum owned_kind kind)
{
	return kinds[kind];
}

/* Standard output of a command that says nothing to the user; its status. */
static int
ask(char *const *v, struct buf *out)
{
	int p[2], null, rc, status;
	pid_t pid;

	if (pipe(p) == -1)
		return -1;
	io_cloexec(p[0], 1);
	io_cloexec(p[1], 1);
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	pid = null == -1 ? -1 : child_start(v, null, p[1], null);
	close(p[1]);
	close(null);
	rc = pid == -1 ? -1 : io_slurp(p[0], out, OUTPUT_MAX);
	close(p[0]);
	status = pid == -1 ? -1 : child_wait(pid);
	return rc == -1 || buf_str(out) == NULL ? -1 : status;
}

/* A column of a container's labels, in the engine's template language. */
static void
add_labels(const struct engine *e, struct buf *b)
{
	static const char *const keys[] = { "workspace", "session", "role" };
	size_t i;

	for (i = 0; i < 3; i++)
		buf_printf(b, e->docker ? "\t{{.Label \"aipod.%s\"}}" :
		    "\t{{index .Labels \"aipod.%s\"}}", keys[i]);
}

static void
list_command(const struct engine *e, enum owned_kind kind, const char *hash,
    struct argv *a)
{
	struct buf form = BUF_INIT;

	argv_add(a, e->program);
	argv_add(a, kinds[kind]);
	argv_add(a, "ls");
	if (kind == OWNED_CONTAINER)
		argv_add(a, "-a");
	if (kind == OWNED_CONTAINER || kind == OWNED_IMAGE)
		argv_add(a, "--no-trunc");
	argv_add(a, "--filter");
	if (kind == OWNED_VOLUME || kind == OWNED_NETWORK)
		argv_addf(a, "name=aipod-%s-", hash);
	else if (hash != NULL)
		argv_addf(a, "label=aipod.workspace=%s", hash);
	else
		argv_add(a, "label=aipod.workspace");
	if (kind == OWNED_CONTAINER)
		buf_puts(&form, "{{.ID}}\t{{.Names}}");
	else if (kind == OWNED_IMAGE)
		buf_puts(&form, "{{.ID}}\t{{.Repository}}:{{.Tag}}");
	else
		buf_puts(&form, "{{.Name}}\t{{.Name}}");
	if (kind == OWNED_CONTAINER)
		add_labels(e, &form);
	argv_add(a, "--format");
	argv_add(a, buf_str(&form));
	buf_free(&form);
}

/* One line of the engine's; 0 when it is not what was asked for. */
static int
take_line(struct owned *o, enum owned_kind kind, const char *hash, char *line)
{
	char *f[5] = { line, NULL, NULL, NULL, NULL }, *p;
	char *prefix;
	int n, ours;

	for (n = 1; n < 5 && (p = strchr(f[n - 1], '\t')) != NULL; n++) {
		*p = '\0';
		f[n] = p + 1;
	}
	if (n < 2 || *f[0] == '\0')
		return 0;
	if (kind == OWNED_CONTAINER) {
		if (n != 5 || !is_hex(f[2], WORKSPACE_HASH - 1))
			return 0;
	} else if (kind != OWNED_IMAGE) {
		prefix = xasprintf("aipod-%s-", hash);
		ours = strncmp(f[1], prefix, strlen(prefix)) == 0;
		free(prefix);
		if (!ours)
			return 0;
	}
	o->id = xstrdup(kind == OWNED_IMAGE && strncmp(f[1], "<none>", 6) != 0 ?
	    f[1] : f[0]);
	o->name = xstrdup(f[1]);
	o->hash = f[2] != NULL ? xstrdup(f[2]) : NULL;
	o->session = f[3] != NULL ? xstrdup(f[3]) : NULL;
	o->role = f[4] != NULL ? xstrdup(f[4]) : NULL;
	return 1;
}

int
owned_list(const struct engine *e, enum owned_kind kind, const char *hash,
    struct owned **out)
{
	struct argv a = ARGV_INIT;
	struct buf text = BUF_INIT;
	char *line, *next;
	int n = 0;

	*out = NULL;
	list_command(e, kind, hash, &a);
	if (ask(a.v, &text) != 0)
		n = -1;
	argv_free(&a);
	for (line = text.p; n != -1 && *line != '\0'; line = next) {
		next = line + strcspn(line, "\n");
		if (*next != '\0')
			*next++ = '\0';
		*out = xreallocarray(*out, (size_t)n + 1, sizeof(**out));
		n += take_line(&(*out)[n], kind, hash, line);
	}
	buf_free(&text);
	return n;
}

void
owned_free(struct owned *o, int n)
{
	int i;

	for (i = 0; i < n; i++) {
		free(o[i].id);
		free(o[i].name);
		free(o[i].hash);
		free(o[i].session);
		free(o[i].role);
	}
	free(o);
}

int
owned_has(const struct engine *e, enum owned_kind kind, const char *hash,
    const char *name)
{
	struct owned *o;
	int i, n, found = 0;

	n = owned_list(e, kind, hash, &o);
	for (i = 0; i < n; i++)
		found |= strcmp(o[i].name, name) == 0;
	owned_free(o, n > 0 ? n : 0);
	return found;
}

/* fast: the option that newer Podmans need not to wait for TERM's effect. */
static int
remove_all(const struct engine *e, enum owned_kind kind, char *const *ids,
    int fast)
{
	struct argv a = ARGV_INIT;
	struct buf out = BUF_INIT;
	int null, rc;
	pid_t pid;

	argv_add(&a, e->program);
	argv_add(&a, kinds[kind]);
	argv_add(&a, "rm");
	if (kind == OWNED_CONTAINER || !e->docker)
		argv_add(&a, "-f");
	if (kind == OWNED_CONTAINER)
		argv_add(&a, "-v");
	if (fast) {
		argv_add(&a, "-t");
		argv_add(&a, "0");
	}
	argv_addv(&a, ids);
	if (fast)
		rc = ask(a.v, &out);
	else {
		null = open("/dev/null", O_RDWR | O_CLOEXEC);
		pid = child_start(a.v, null, null, -1);
		close(null);
		rc = pid == -1 ? -1 : child_wait(pid);
	}
	buf_free(&out);
	argv_free(&a);
	return rc;
}

int
owned_remove(const struct engine *e, enum owned_kind kind, char *const *ids)
{
	if (ids == NULL || *ids == NULL)
		return 0;
	if (kind == OWNED_CONTAINER && !e->docker &&
	    remove_all(e, kind, ids, 1) == 0)
		return 0;
	return remove_all(e, kind, ids, 0) == 0 ? 0 : -1;
}

/* From the first source that goes through a directory HASH/SESSION. */
static char *
find_dir(const struct json *j, const struct owned *o)
{
	char *part = xasprintf("/%s/%s", o->hash, o->session);
	char *source, *at, *dir = NULL;
	int m;

	for (m = json_first(j, 0); m != -1 && dir == NULL;
	    m = json_next(j, 0, m)) {
		source = json_str(j, json_get(j, m, "Source"), NULL);
		if (source == NULL)
			continue;
		if ((at = strstr(source, part)) != NULL &&
		    (at[strlen(part)] == '\0' || at[strlen(part)] == '/')) {
			at[strlen(part)] = '\0';
			dir = source;
		} else
			free(source);
	}
	free(part);
	return dir;
}

char *
owned_session_dir(const struct engine *e, const struct owned *o)
{
	struct argv a = ARGV_INIT;
	struct buf out = BUF_INIT;
	struct json j;
	char *dir = NULL;

	if (o->session == NULL || !is_hex(o->session, SESSION_ID - 1))
		return NULL;
	argv_add(&a, e->program);
	argv_add(&a, "container");
	argv_add(&a, "inspect");
	argv_add(&a, "--format");
	argv_add(&a, "{{json .Mounts}}");
	argv_add(&a, o->id);
	if (ask(a.v, &out) == 0 &&
	    json_parse(&j, out.p, out.len, JSON_DEPTH, 100000) == 0) {
		dir = find_dir(&j, o);
		json_free(&j);
	}
	buf_free(&out);
	argv_free(&a);
	return dir;
}

enum owned_fate
owned_judge(const struct engine *e, const struct owned *o)
{
	char *dir = owned_session_dir(e, o), *top = xconf_runtime_dir(), *runtime;
	enum owned_fate fate = OWNED_UNKNOWN;
	struct stat st;

	if (dir == NULL) {
		free(top);
		return fate;
	}
	runtime = xstrndup(dir, strlen(dir) - (WORKSPACE_HASH + SESSION_ID));
	if (lstat(runtime, &st) == -1) {
		if (errno != ENOENT)
			fate = OWNED_FOREIGN;
		else if (strcmp(runtime, top) == 0)
			fate = OWNED_DEAD;
	} else if (!S_ISDIR(st.st_mode) || st.st_uid != geteuid() ||
	    (st.st_mode & 077) != 0)
		fate = OWNED_FOREIGN;
	else
		fate = session_dir_alive(dir) ? OWNED_ALIVE : OWNED_DEAD;
	free(runtime);
	free(top);
	free(dir);
	return fate;
}
