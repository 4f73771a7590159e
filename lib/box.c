#include <sys/stat.h>

#include <err.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "at.h"
#include "box.h"
#include "conf.h"
#include "lend.h"
#include "mem.h"
#include "status.h"

#define MACHINE_ID	"/etc/machine-id"

int
box_keep_id(const struct box *b)
{
	return !b->engine->docker && geteuid() != 0;
}

/* A Docker daemon of the user's own, whose root is the user. */
static int
is_rootless_docker(const struct box *b)
{
	const char *host = getenv("DOCKER_HOST");

	return b->engine->docker && geteuid() != 0 && host != NULL &&
	    strstr(host, "/run/user/") != NULL;
}

void
xbox_user(const struct box *b, unsigned long *uid, unsigned long *gid)
{
	struct stat st;

	*uid = geteuid();
	*gid = getegid();
	if (*uid == 0) {
		if (stat(b->workspace->path, &st) == -1)
			err(ST_SYS, "cannot stat '%s'", b->workspace->path);
		*uid = st.st_uid;
		*gid = st.st_gid;
	} else if (is_rootless_docker(b))
		*uid = *gid = 0;
}

/*
 * -v takes everything but a colon, --mount everything but a comma: there is
 * no quoting that all engines agree on.
 */
void
xbox_bind(struct argv *a, const char *from, const char *to, int ro)
{
	if (strchr(from, ':') == NULL && strchr(to, ':') == NULL) {
		argv_add(a, "-v");
		argv_addf(a, "%s:%s%s", from, to, ro ? ":ro" : "");
	} else if (strchr(from, ',') == NULL && strchr(to, ',') == NULL) {
		argv_add(a, "--mount");
		argv_addf(a, "type=bind,source=%s,target=%s%s", from, to,
		    ro ? ",readonly" : "");
	} else
		errx(ST_USAGE, "cannot mount '%s': the engine takes no path"
		    " with both a colon and a comma: rename it", from);
}

char *
box_name(const struct box *b)
{
	return b->kept != NULL ? kept_container(b->kept) :
	    xasprintf("aipod-%s-%s", b->workspace->hash, b->session->id);
}

static void
add_identity(const struct box *b, struct argv *a)
{
	unsigned long uid, gid;
	char *name = box_name(b);

	argv_add(a, "--name");
	argv_add(a, name);
	free(name);
	argv_add(a, "--label");
	argv_addf(a, "aipod.workspace=%s", b->workspace->hash);
	argv_add(a, "--label");
	argv_addf(a, "aipod.session=%s",
	    b->kept != NULL ? b->kept->id : b->session->id);
	argv_add(a, "--label");
	argv_add(a, "aipod.role=agent");
	argv_add(a, "--cidfile");
	argv_addf(a, "%s/cid", b->session->dir);
	if (box_keep_id(b))
		argv_add(a, "--userns=keep-id");
	else {
		xbox_user(b, &uid, &gid);
		argv_add(a, "--user");
		argv_addf(a, "%lu:%lu", uid, gid);
	}
}

/*
 * Rootless Podman can limit by cgroups version 2 only, and with version 1
 * merely warns.  There processes are limited by user and namespace instead;
 * what cannot be had at all is refused, not claimed.
 */
static void
add_limits(const struct box *b, struct argv *a)
{
	const char *pids = b->pids != NULL ? b->pids : "4096";

	if (box_keep_id(b) &&
	    access("/sys/fs/cgroup/cgroup.controllers", F_OK) == -1) {
		if (b->memory != NULL || b->cpus != NULL)
			errx(ST_SYS, "cannot limit %s: rootless Podman needs"
			    " cgroups version 2, which this system does not"
			    " use", b->memory != NULL ? "memory" : "cpus");
		argv_add(a, "--ulimit");
		argv_addf(a, "nproc=%s:%s", pids, pids);
		return;
	}
	argv_add(a, "--pids-limit");
	argv_add(a, pids);
	if (b->memory != NULL) {
		argv_add(a, "--memory");
		argv_add(a, b->memory);
	}
	if (b->cpus != NULL) {
		argv_add(a, "--cpus");
		argv_add(a, b->cpus);
	}
}

void
xbox_harden(const struct box *b, struct argv *a)
{
	argv_add(a, "--cap-drop=all");
	argv_add(a, "--security-opt");
	argv_add(a, "no-new-privileges");
	/* a label of its own could not connect to our sockets */
	if (access("/sys/fs/selinux/enforce", F_OK) == 0) {
		argv_add(a, "--security-opt");
		argv_add(a, "label=disable");
	}
	add_limits(b, a);
	argv_add(a, "--sysctl");
	argv_add(a, "net.ipv4.ip_unprivileged_port_start=0");
}

static void
add_confinement(const struct box *b, struct argv *a)
{
	argv_add(a, "--network");
	argv_add(a, b->network != NULL ? b->network : "none");
	xbox_harden(b, a);
	if (b->read_only) {
		argv_add(a, "--read-only");
		argv_add(a, "--tmpfs");
		argv_add(a, "/tmp");
	}
}

/* 1 when a mask's volume lies over the path: then it is out of sight. */
static int
is_masked(const struct box *b, const char *path)
{
	size_t i, n;

	for (i = 0; i + 1 < b->masks.n; i += 2) {
		n = strlen(b->masks.v[i]);
		if (strncmp(path, b->masks.v[i], n) == 0 && path[n] == '/')
			return 1;
	}
	return 0;
}

static void
add_mounts(const struct box *b, struct argv *a)
{
	char *run, *box, *share, *at;
	size_t i;

	xbox_bind(a, b->workspace->path, b->at, 0);
	for (i = 0; i + 1 < b->guard.n; i += 2) {
		share = xasprintf("%s/%s", b->workspace->path, b->guard.v[i]);
		at = xasprintf("%s/%s", b->at, b->guard.v[i]);
		xbox_bind(a, share, at, strcmp(b->guard.v[i + 1], "ro") == 0);
		free(at);
		free(share);
	}
	for (i = 0; i + 1 < b->masks.n; i += 2) {
		argv_add(a, "-v");
		argv_addf(a, "%s:%s/%s", b->masks.v[i + 1], b->at,
		    b->masks.v[i]);
	}
	for (i = 0; i + 1 < b->hidden.n; i += 2) {
		if (is_masked(b, b->hidden.v[i]))
			continue;
		share = xconf_share(strcmp(b->hidden.v[i + 1], "dir") == 0 ?
		    "box/empty.d" : "box/empty");
		at = xasprintf("%s/%s", b->at, b->hidden.v[i]);
		xbox_bind(a, share, at, 1);
		free(at);
		free(share);
	}
	argv_add(a, "-v");
	argv_addf(a, "aipod-%s-home:" BOX_HOME, b->workspace->hash);
	if (b->home != NULL) {
		argv_add(a, "-v");
		argv_addf(a, "aipod-%s-home:%s", b->workspace->hash, b->home);
	}
	if (b->login != NULL && access(MACHINE_ID, R_OK) == 0)
		xbox_bind(a, MACHINE_ID, MACHINE_ID, 1);
	if (b->users != NULL)
		xbox_bind(a, b->users, BOX_USERS, 1);
	for (i = 0; i + 2 < b->outside.n; i += 3)
		xbox_bind(a, b->outside.v[i + 1], b->outside.v[i],
		    strcmp(b->outside.v[i + 2], "ro") == 0);
	for (i = 0; i + 2 < b->mounts.n; i += 3)
		xbox_bind(a, b->mounts.v[i + 1], b->mounts.v[i],
		    strcmp(b->mounts.v[i + 2], "ro") == 0);
	for (i = 0; i < b->caches.n; i++) {
		argv_add(a, "-v");
		argv_addf(a, "aipod-cache-%lu-%s:" LEND_CACHE "/%s",
		    (unsigned long)geteuid(), b->caches.v[i], b->caches.v[i]);
	}
	for (i = 0; i < b->devices.n; i++) {
		argv_add(a, "--device");
		argv_add(a, b->devices.v[i]);
	}
	run = xasprintf("%s/run",
	    b->kept != NULL ? b->kept->runtime : b->session->dir);
	xbox_bind(a, run, BOX_RUN, 1);
	if (b->network != NULL) {
		at = xasprintf("%s/etc-hosts", run);
		xbox_bind(a, at, "/etc/hosts", 1);
		free(at);
	}
	free(run);
	box = xconf_tool("box/aipod-relay");
	*strrchr(box, '/') = '\0';
	xbox_bind(a, box, BOX_RUN "/bin", 1);
	free(box);
	if (b->network == NULL) {
		share = xconf_share("box/resolv.conf");
		xbox_bind(a, share, "/etc/resolv.conf", 1);
		free(share);
	}
}

/* What a session's environment has of the host's, and of its own. */
static void
environment(const struct box *b, struct argv *env)
{
	static const char *const pass[] = { "TERM", "COLORTERM", "LANG",
	    "NO_COLOR", "TZ" };
	size_t i;

	argv_addf(env, "AIPOD_SESSION=%s", b->session->id);
	argv_addf(env, "AIPOD_AGENT=%s", b->agent);
	if (strcmp(b->at, AT_APP) != 0)
		argv_addf(env, "AIPOD_AT=%s", b->at);
	for (i = 0; i < sizeof(pass) / sizeof(pass[0]); i++)
		if (getenv(pass[i]) != NULL)
			argv_addf(env, "%s=%s", pass[i], getenv(pass[i]));
	if (b->env.n > 0)
		argv_addv(env, b->env.v);
}

void
xbox_start_words(const struct box *b, struct buf *out)
{
	struct argv env = ARGV_INIT;
	const char *value;
	size_t i;

	environment(b, &env);
	for (i = 0; i < env.n; i++) {
		if (strchr(env.v[i], '=') != NULL)
			buf_add(out, env.v[i], strlen(env.v[i]) + 1);
		else if ((value = getenv(env.v[i])) != NULL) {
			buf_printf(out, "%s=%s", env.v[i], value);
			buf_addc(out, '\0');
		}
	}
	buf_addc(out, '\0');
	for (i = 0; i < b->command.n; i++)
		buf_add(out, b->command.v[i], strlen(b->command.v[i]) + 1);
	argv_free(&env);
	xbuf_check(out);
}

/* A kept one's would be written down where it stays: it reads them instead. */
static void
add_environment(const struct box *b, struct argv *a)
{
	struct argv env = ARGV_INIT;
	size_t i;

	argv_add(a, "-e");
	argv_addf(a, "HOME=%s", b->home != NULL ? b->home : BOX_HOME);
	if (b->user != NULL) {
		argv_add(a, "-e");
		argv_addf(a, "USER=%s", b->user);
		argv_add(a, "-e");
		argv_addf(a, "LOGNAME=%s", b->user);
	}
	if (b->kept != NULL)
		return;
	environment(b, &env);
	for (i = 0; i < env.n; i++) {
		argv_add(a, "-e");
		argv_add(a, env.v[i]);
	}
	argv_free(&env);
}

void
xbox_argv(const struct box *b, struct argv *a)
{
	size_t i;

	argv_add(a, b->engine->program);
	argv_add(a, "run");
	if (b->kept == NULL)
		argv_add(a, "--rm");
	argv_add(a, "-i");
	if (b->tty)
		argv_add(a, "-t");
	argv_add(a, "--pull=never");
	argv_add(a, "--sig-proxy=false");
	argv_add(a, "--log-driver=none");
	add_identity(b, a);
	add_confinement(b, a);
	if (b->network == NULL) {
		argv_add(a, "--add-host");
		argv_add(a, "host.containers.internal:127.0.0.1");
	}
	add_mounts(b, a);
	argv_add(a, "-w");
	argv_add(a, b->at);
	add_environment(b, a);
	argv_add(a, "--entrypoint");
	argv_add(a, BOX_RUN "/bin/aipod-relay");
	argv_add(a, b->image);
	argv_add(a, "--strict");
	if (b->network != NULL)
		argv_add(a, "--mcp-only");
	for (i = 0; i < b->links.n; i++) {
		argv_add(a, "--link");
		argv_add(a, b->links.v[i]);
	}
	if (b->login != NULL) {
		argv_add(a, "--login");
		argv_add(a, b->login);
	}
	if (b->kept != NULL) {
		argv_add(a, "--start");
		argv_add(a, BOX_RUN "/start");
		return;
	}
	argv_add(a, "--");
	argv_addv(a, b->command.v);
}

/*
 * A path with every link resolved, though its last components may not exist
 * yet; a new string.
 */
static char *
resolved(const char *path)
{
	char *part = xstrdup(path), *slash, *real, *out;

	while ((real = realpath(part, NULL)) == NULL &&
	    (slash = strrchr(part, '/')) != NULL && slash != part)
		*slash = '\0';
	out = xasprintf("%s%s", real != NULL ? real : "",
	    path + (real != NULL ? strlen(part) : 0));
	free(real);
	free(part);
	return out;
}

void
xbox_check_workspace(const struct workspace *w)
{
	char *dir[3] = { xconf_config_dir(), xconf_state_dir(),
	    xconf_runtime_dir() }, *real;
	size_t n = strcmp(w->path, "/") == 0 ? 0 : strlen(w->path);
	int i;

	for (i = 0; i < 3; i++) {
		real = resolved(dir[i]);
		if (strncmp(real, w->path, n) == 0 &&
		    (real[n] == '/' || real[n] == '\0'))
			errx(ST_USAGE, "workspace '%s' contains '%s', which the"
			    " agent must not reach: use a project's directory",
			    w->path, real);
		free(real);
		free(dir[i]);
	}
}
