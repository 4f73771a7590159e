#include <sys/stat.h>

#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "at.h"
#include "buf.h"
#include "child.h"
#include "conf.h"
#include "gitguard.h"
#include "gitoutside.h"
#include "io.h"
#include "mem.h"
#include "mounts.h"
#include "prefs.h"
#include "prepare.h"
#include "provider.h"
#include "rec.h"
#include "status.h"
#include "tool.h"

#define OUTPUT_MAX	(4 * 1024 * 1024)
#define AGENT_FILE_MAX	(1024 * 1024)

/* Run one of our programs for its output; exits with its status if not 0. */
static void
xcollect(struct argv *a, struct buf *out)
{
	int status;

	status = child_capture(a->v, NULL, out, OUTPUT_MAX);
	if (status == -1)
		err(ST_SYS, "cannot run '%s'", a->v[0]);
	if (status != 0)	/* it has said why */
		exit(status);
	if (buf_str(out) == NULL)
		err(ST_SYS, "cannot read from '%s'", a->v[0]);
	argv_free(a);
}

static void
add_tool(struct argv *a, const char *name)
{
	char *path = xconf_tool(name);

	argv_add(a, path);
	free(path);
}

/* Each record's first two fields, as pairs. */
static void
take_pairs(struct buf *out, struct argv *pairs, const char *whose)
{
	char *line, *next, *f[2];

	for (line = out->p; *line != '\0'; line = next) {
		if ((next = strchr(line, '\n')) == NULL)
			errx(ST_SYS, "'%s' gave half a record", whose);
		*next++ = '\0';
		if (rec_split(line, f, 2) < 2 || f[0] == NULL || f[1] == NULL)
			errx(ST_SYS, "'%s' gave a bad record", whose);
		argv_add(pairs, f[0]);
		argv_add(pairs, f[1]);
	}
}

/* Dependency directories are offered once, where somebody can answer. */
static void
offer_masks(struct prepare *p)
{
	char *v[] = { NULL, (char *)"--ask", (char *)"-w",
	    p->box->workspace->path, (char *)"offer", NULL };
	char *setting = xconf_get("MASK");
	int status;

	if (!p->dry_run && p->scan && (p->box->tty || setting != NULL)) {
		v[0] = xconf_tool("aipod-mask");
		if ((status = child_run(v)) != 0)
			exit(status);
		free(v[0]);
	}
	free(setting);
}

void
xprepare_secrets(struct prepare *p)
{
	struct argv a = ARGV_INIT;
	struct buf out = BUF_INIT;

	offer_masks(p);

	add_tool(&a, "aipod-hide");
	argv_add(&a, p->dry_run || !p->scan ? "mounts" : "check");
	argv_add(&a, "-w");
	argv_add(&a, p->box->workspace->path);
	xcollect(&a, &out);
	take_pairs(&out, &p->box->hidden, "aipod-hide");
	buf_clear(&out);
	add_tool(&a, "aipod-mask");
	argv_add(&a, "mounts");
	argv_add(&a, "-w");
	argv_add(&a, p->box->workspace->path);
	xcollect(&a, &out);
	take_pairs(&out, &p->box->masks, "aipod-mask");
	buf_free(&out);
}

void
xprepare_git(struct prepare *p)
{
	const struct workspace *w = p->box->workspace;
	struct gitguard g;

	if (gitguard_find(w, &g, !p->dry_run) == -1 || gitoutside_find(w,
	    p->box->at, p->dry_run, &g) == -1 ||
	    (!p->dry_run && gitguard_make(w, &g) == -1))
		errx(ST_USAGE, "%s (or --no-git-guard, and mind what git on"
		    " the host will run)", g.why);
	argv_free(&p->box->guard);
	if (g.mounts.n > 0)
		argv_addv(&p->box->guard, g.mounts.v);
	argv_free(&p->box->outside);
	if (g.outside.n > 0)
		argv_addv(&p->box->outside, g.outside.v);
	gitguard_free(&g);
}

void
xprepare_mounts(struct prepare *p)
{
	struct mounts l;
	const char *why;
	char *real;
	size_t i;

	if (mounts_load(&l) == -1)
		err(ST_USAGE, "cannot use the list of mounts: see aipod mount"
		    " check");
	for (i = 0; i < l.n; i++) {
		why = mount_problem(&l.m[i], &real);
		if (why == NULL && at_covers(l.m[i].at, p->box->at)) {
			free(real);
			why = "the workspace is there";
			errno = 0;
		}
		if (why == NULL) {
			argv_add(&p->box->mounts, l.m[i].at);
			argv_add(&p->box->mounts, real);
			argv_add(&p->box->mounts, l.m[i].rw ? "rw" : "ro");
			free(real);
		} else if (errno == ENOENT)
			warnx("leaving out '%s': %s", l.m[i].host, why);
		else
			errx(ST_USAGE, "cannot mount '%s' at '%s': %s: see"
			    " aipod mount remove", l.m[i].host, l.m[i].at, why);
	}
	mounts_free(&l);
}

char *
xprepare_image(struct prepare *p)
{
	struct argv a = ARGV_INIT;
	struct buf out = BUF_INIT;
	char *nl;

	add_tool(&a, "aipod-build");
	argv_add(&a, "-w");
	argv_add(&a, p->box->workspace->path);
	argv_add(&a, "--engine");
	argv_add(&a, p->box->engine->program);
	argv_add(&a, "--agent");
	argv_add(&a, p->agents);
	if (p->rebuild)
		argv_add(&a, "--rebuild");
	if (p->no_cache)
		argv_add(&a, "--no-cache");
	if (p->verify)
		argv_add(&a, "--verify");
	if (p->dry_run)
		argv_add(&a, "-n");
	xcollect(&a, &out);
	/* a dry run prints the build's commands first, the name last */
	while (out.len > 0 && out.p[out.len - 1] == '\n')
		out.p[--out.len] = '\0';
	if (out.len == 0)
		errx(ST_SYS, "aipod-build named no image");
	if ((nl = strrchr(out.p, '\n')) != NULL) {
		*nl++ = '\0';
		puts(out.p);
	} else
		nl = out.p;
	nl = xstrdup(nl);
	buf_free(&out);
	return nl;
}

/*
 * Make something of the workspace's that carries labels, once: the state
 * directory remembers for which engine it was done.
 */
static void
xmake_once(struct prepare *p, const char *what, const char *name)
{
	struct argv a = ARGV_INIT;
	struct buf line = BUF_INIT;
	char *fact, *was, *state;
	int status;

	argv_add(&a, p->box->engine->program);
	argv_add(&a, strcmp(what, "home") == 0 ? "volume" : "network");
	argv_add(&a, "create");
	argv_add(&a, "--label");
	argv_addf(&a, "aipod.workspace=%s", p->box->workspace->hash);
	argv_add(&a, "--label");
	argv_addf(&a, "aipod.role=%s", what);
	argv_add(&a, name);
	fact = workspace_state(p->box->workspace, what);
	was = p->verify ? NULL : io_line(fact);
	if (was != NULL && strcmp(was, p->box->engine->program) == 0) {
		free(was);
		free(fact);
		argv_free(&a);
		return;
	}
	free(was);
	argv_show(&line, a.v);
	xbuf_check(&line);
	if (p->dry_run)
		puts(buf_str(&line));
	else {
		/* that it exists already is no news, and no error */
		status = child_run_quietly(a.v);
		if (status == -1)
			err(ST_SYS, "cannot run '%s'", a.v[0]);
		state = xworkspace_make_state(p->box->workspace);
		if (io_put_line(fact, p->box->engine->program) == -1)
			err(ST_SYS, "cannot write '%s'", fact);
		free(state);
	}
	buf_free(&line);
	free(fact);
	argv_free(&a);
}

void
xprepare_home(struct prepare *p)
{
	char *name = workspace_home_volume(p->box->workspace);

	xmake_once(p, "home", name);
	free(name);
}

char *
xprepare_network(struct prepare *p)
{
	char *name = xasprintf("aipod-%s-net", p->box->workspace->hash);

	xmake_once(p, "network", name);
	return name;
}

/* at: put for the marks of where the workspace is; NULL: copy as it is. */
static void
xcopy_as(int from, const char *name, int to, const char *as, mode_t mode,
    const char *at)
{
	struct buf b = BUF_INIT;
	int fd;

	if (io_slurp_at(from, name, &b, AGENT_FILE_MAX) == -1)
		err(ST_SYS, "cannot read the agent's '%s'", name);
	if (at != NULL && at_fill(&b, at) == -1)
		err(ST_SYS, "cannot allocate");
	fd = openat(to, as, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	if (fd == -1 || io_writeall(fd, b.p, b.len) == -1 || close(fd) == -1)
		err(ST_SYS, "cannot write the agent's '%s'", as);
	buf_free(&b);
}

/* A directory of the agent's below run/, as deep as there is need. */
static void
xcopy_tree(int from, int to, int depth, const char *at)
{
	struct dirent *e;
	struct stat st;
	int sub, made;
	DIR *d;

	if ((d = fdopendir(from)) == NULL)
		err(ST_SYS, "cannot read the agent's directory");
	while ((e = readdir(d)) != NULL) {
		if (e->d_name[0] == '.' && (e->d_name[1] == '\0' ||
		    strcmp(e->d_name, "..") == 0))
			continue;
		if (fstatat(from, e->d_name, &st, AT_SYMLINK_NOFOLLOW) == -1)
			err(ST_SYS, "cannot stat the agent's '%s'", e->d_name);
		if (S_ISREG(st.st_mode)) {
			xcopy_as(from, e->d_name, to, e->d_name,
			    (st.st_mode & 0100) != 0 ? 0700 : 0600, at);
			continue;
		}
		if (!S_ISDIR(st.st_mode) || depth == 0)
			continue;
		sub = openat(from, e->d_name, O_RDONLY | O_DIRECTORY |
		    O_NOFOLLOW | O_CLOEXEC);
		if (sub == -1 || mkdirat(to, e->d_name, 0700) == -1 ||
		    (made = openat(to, e->d_name, O_RDONLY | O_DIRECTORY |
		    O_CLOEXEC)) == -1)
			err(ST_SYS, "cannot copy the agent's '%s'", e->d_name);
		xcopy_tree(sub, made, depth - 1, at);
		close(made);
	}
	closedir(d);
}

/* mkdir -p of what is above the last component, below an open directory. */
static int
make_parents(int dir, const char *path)
{
	const char *slash;
	char *part;
	int rc = 0;

	for (slash = strchr(path, '/'); rc == 0 && slash != NULL;
	    slash = strchr(slash + 1, '/')) {
		part = xstrndup(path, (size_t)(slash - path));
		rc = mkdirat(dir, part, 0700) == -1 && errno != EEXIST ? -1 : 0;
		free(part);
	}
	return rc;
}

/*
 * What of the user's home the agent takes along, below agent/home: copies,
 * so that nothing inside can write the originals.
 */
static void
xcopy_home(const struct prepare *p, int agent)
{
	struct argv files = ARGV_INIT;
	const char *home = getenv("HOME");
	char *from, *real, *to;
	struct stat st;
	size_t i;
	int in, out;

	if (agent_words(p->agent, "files", &files) == -1)
		err(ST_USAGE, "cannot read the files of agent '%s'",
		    p->agent->name);
	for (i = 0; home != NULL && i < files.n; i++) {
		if (*files.v[i] == '/' || strstr(files.v[i], "..") != NULL)
			errx(ST_USAGE, "agent '%s' names '%s', which is not"
			    " below the home", p->agent->name, files.v[i]);
		from = xasprintf("%s/%s", home, files.v[i]);
		real = realpath(from, NULL);
		free(from);
		if (real == NULL || stat(real, &st) == -1)
			continue;
		to = xasprintf("home/%s", files.v[i]);
		if (make_parents(agent, to) == -1)
			err(ST_SYS, "cannot make '%s'", to);
		if (S_ISREG(st.st_mode))
			xcopy_as(AT_FDCWD, real, agent, to, 0600, NULL);
		else if (S_ISDIR(st.st_mode)) {
			in = open(real, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
			if (in == -1 || mkdirat(agent, to, 0700) == -1 ||
			    (out = openat(agent, to, O_RDONLY | O_DIRECTORY |
			    O_CLOEXEC)) == -1)
				err(ST_SYS, "cannot copy '%s'", real);
			xcopy_tree(in, out, 6, NULL);
			close(out);
		}
		free(to);
		free(real);
	}
	argv_free(&files);
}

static void
xput(int dir, const char *name, const struct buf *b)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
	    0600);

	xbuf_check(b);
	if (fd == -1 || io_writeall(fd, b->p, b->len) == -1 || close(fd) == -1)
		err(ST_SYS, "cannot write the session's '%s'", name);
}

/* What the agent may do here, in words for it. */
static void
xmake_skill(const struct prepare *p, int agent)
{
	struct argv a = ARGV_INIT;
	struct buf out = BUF_INIT;

	add_tool(&a, "aipod-allow");
	argv_add(&a, "--skill");
	argv_add(&a, "-a");
	argv_add(&a, p->agent->name);
	argv_add(&a, "-w");
	argv_add(&a, p->box->workspace->path);
	xcollect(&a, &out);
	xput(agent, "skill.md", &out);
	buf_free(&out);
}

/* Root runs a box for somebody else: what is in run/ becomes theirs. */
static void
xgive(int dir, unsigned long uid, unsigned long gid)
{
	struct dirent *e;
	int sub;
	DIR *d;

	if (fchown(dir, (uid_t)uid, (gid_t)gid) == -1 ||
	    (d = fdopendir(dir)) == NULL)
		err(ST_SYS, "cannot hand over the session's directory");
	while ((e = readdir(d)) != NULL) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		sub = openat(dir, e->d_name, O_RDONLY | O_DIRECTORY |
		    O_NOFOLLOW | O_CLOEXEC);
		if (sub != -1)
			xgive(sub, uid, gid);
		else if (fchownat(dir, e->d_name, (uid_t)uid, (gid_t)gid,
		    AT_SYMLINK_NOFOLLOW) == -1)
			err(ST_SYS, "cannot hand over '%s'", e->d_name);
	}
	closedir(d);
}

/* What the box may reach, for a user who looks. */
static void
say_hosts(const struct prepare *p)
{
	struct argv a = ARGV_INIT;
	struct buf out = BUF_INIT;

	if (tool_verbose < 0 || p->box->network != NULL ||
	    (tool_verbose == 0 && !isatty(STDERR_FILENO)))
		return;
	add_tool(&a, "aipod-allow");
	argv_add(&a, "hosts");
	argv_add(&a, "-a");
	argv_add(&a, p->agent->name);
	argv_add(&a, "-w");
	argv_add(&a, p->box->workspace->path);
	xcollect(&a, &out);
	out.p[strcspn(out.p, "\n")] = '\0';
	warnx("hosts: %s", out.p);
	buf_free(&out);
}

/* What else the container reads of its session. */
static void
xput_files(const struct prepare *p, int dir)
{
	struct buf b = BUF_INIT;

	if (p->box->kept != NULL) {
		xbox_start_words(p->box, &b);
		xput(dir, "start", &b);
		buf_clear(&b);
	}
	gituser_write(&p->git, &b);
	xput(dir, "gitconfig", &b);
	buf_free(&b);
}

/*
 * What services of the session need to know: the box's limits, and, where its
 * network has a resolver of its own, the file that has their names.
 */
static void
xtell_services(const struct prepare *p, int run)
{
	static const char hosts[] = "127.0.0.1\tlocalhost\n"
	    "127.0.0.1\thost.containers.internal\n";
	const struct box *b = p->box;
	int fd;

	if ((b->memory != NULL &&
	    session_put(b->session, "memory", b->memory) == -1) ||
	    (b->cpus != NULL &&
	    session_put(b->session, "cpus", b->cpus) == -1) ||
	    (b->pids != NULL && session_put(b->session, "pids", b->pids) == -1))
		err(ST_SYS, "cannot write to '%s'", b->session->dir);
	if (b->network == NULL)
		return;
	fd = openat(run, "etc-hosts", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
	    0644);
	if (fd == -1 || fchmod(fd, 0644) == -1 ||
	    io_writeall(fd, hosts, sizeof(hosts) - 1) == -1 || close(fd) == -1)
		err(ST_SYS, "cannot write the box's hosts");
}

void
xprepare_run(struct prepare *p)
{
	unsigned long uid, gid;
	char *run = xasprintf("%s/run", p->box->session->dir), *take;
	int from, dir, to;

	say_hosts(p);
	dir = open(run, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir == -1 || mkdirat(dir, "bin", 0700) == -1 ||
	    mkdirat(dir, "agent", 0700) == -1 ||
	    (to = openat(dir, "agent", O_RDONLY | O_DIRECTORY |
	    O_CLOEXEC)) == -1)
		err(ST_SYS, "cannot make '%s'", run);
	from = open(p->agent->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (from == -1)
		err(ST_SYS, "cannot open '%s'", p->agent->dir);
	xcopy_tree(from, to, 4, p->box->at);
	take = xconf_share("agents/take");
	xcopy_as(AT_FDCWD, take, to, "take", 0700, NULL);
	free(take);
	xcopy_home(p, to);
	xprefs_trim(p->agent, to);
	if (faccessat(to, "start", X_OK, 0) == 0)
		xmake_skill(p, to);
	if (p->provider != NULL)
		xprovider_give(p->provider, p->agent, p->box->session->dir, to,
		    tool_verbose < 0);
	close(to);
	xput_files(p, dir);
	xtell_services(p, dir);
	xbox_user(p->box, &uid, &gid);
	if (uid != geteuid() && geteuid() == 0)
		xgive(dir, uid, gid);
	else
		close(dir);
	free(run);
}

/* A word of the agent's, with its marks filled. */
static void
add_filled(struct argv *a, const char *word, const char *at)
{
	struct buf b = BUF_INIT;

	buf_puts(&b, word);
	if (at_fill(&b, at) == -1)
		err(ST_SYS, "cannot allocate");
	argv_add(a, buf_str(&b));
	buf_free(&b);
}

void
xprepare_command(struct prepare *p, char *const *words)
{
	struct argv own = ARGV_INIT;
	struct provider v;
	char *path;
	size_t i;

	if (agent_words(p->agent, "env", &p->box->env) == -1)
		err(ST_USAGE, "cannot read the environment of agent '%s'",
		    p->agent->name);
	gituser_find(&p->git);
	argv_add(&p->box->env, "GIT_CONFIG_SYSTEM=" BOX_RUN "/gitconfig");
	if ((path = agent_path(p->agent, "start")) != NULL &&
	    access(path, X_OK) == 0)
		argv_add(&p->box->command, BOX_RUN "/agent/start");
	free(path);
	if (words != NULL && *words != NULL &&
	    strcmp(*words, p->agent->name) != 0) {
		argv_addv(&p->box->command, words);
		return;
	}
	if (agent_words(p->agent, "command", &own) == -1 || own.n == 0)
		errx(ST_USAGE, "agent '%s' has no command: its directory '%s'"
		    " lacks the file 'command'", p->agent->name, p->agent->dir);
	for (i = 0; i < own.n; i++)
		add_filled(&p->box->command, own.v[i], p->box->at);
	if (p->provider != NULL) {
		xprovider_load(&v, p->provider);
		xprovider_options(&v, p->agent, &p->box->command);
		provider_free(&v);
	}
	if (words != NULL && *words != NULL)
		argv_addv(&p->box->command, words + 1);
	argv_free(&own);
}
