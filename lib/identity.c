#include <sys/stat.h>

#include <err.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "at.h"
#include "box.h"
#include "child.h"
#include "io.h"
#include "login.h"
#include "mem.h"
#include "prepare.h"
#include "status.h"

#define USERS_MAX	(256 * 1024)

/* The home as on the host, where it can be. */
static void
set_home(struct box *b, const char *home)
{
	if (*home == '/' && at_problem(home) == NULL &&
	    strchr(home, ':') == NULL && !at_covers(b->at, home) &&
	    strcmp(home, BOX_HOME) != 0)
		b->home = home;
}

/* Whose name it is that the user in the box has; NULL when nobody's. */
static void
set_user(struct box *b)
{
	unsigned long uid, gid;
	struct passwd *pw;

	xbox_user(b, &uid, &gid);
	if (geteuid() != 0)
		uid = geteuid();
	if ((pw = getpwuid((uid_t)uid)) != NULL &&
	    pw->pw_name[strcspn(pw->pw_name, ":\n")] == '\0')
		b->user = xstrdup(pw->pw_name);
}

/* 1 when what was made for an image is of the one that there is now. */
static int
is_current(const struct workspace *w, const char *path, const char *entry)
{
	char *image = workspace_state(w, "image"), *line = io_line(path);
	struct stat a, b;
	int yes;

	yes = line != NULL && strcmp(line, entry) == 0 &&
	    stat(image, &a) == 0 && stat(path, &b) == 0 &&
	    (b.st_mtim.tv_sec > a.st_mtim.tv_sec ||
	    (b.st_mtim.tv_sec == a.st_mtim.tv_sec &&
	    b.st_mtim.tv_nsec >= a.st_mtim.tv_nsec));
	free(line);
	free(image);
	return yes;
}

/* The image's own list of users, bounded, for nobody but the box. */
static int
read_users(const struct box *b, struct buf *out)
{
	struct argv a = ARGV_INIT;
	int status;

	argv_add(&a, b->engine->program);
	argv_add(&a, "run");
	argv_add(&a, "--rm");
	argv_add(&a, "--pull=never");
	argv_add(&a, "--network");
	argv_add(&a, "none");
	argv_add(&a, "--log-driver=none");
	xbox_harden(b, &a);
	argv_add(&a, "--entrypoint");
	argv_add(&a, "cat");
	argv_add(&a, b->image);
	argv_add(&a, BOX_USERS);
	status = child_capture(a.v, NULL, out, USERS_MAX);
	argv_free(&a);
	return status == 0 && out->len > 0 ? 0 : -1;
}

void
xprepare_users(struct prepare *p)
{
	struct box *b = p->box;
	struct buf users = BUF_INIT, all = BUF_INIT;
	unsigned long uid, gid;
	char *path, *entry, *state;

	b->users = NULL;
	/* a kept one's is its own: programs that are installed change it */
	if (b->user == NULL || b->kept != NULL)
		return;
	state = xworkspace_make_state(b->workspace);
	path = xasprintf("%s/passwd", state);
	xbox_user(b, &uid, &gid);
	entry = xasprintf("%s:x:%lu:%lu::%s:/bin/sh", b->user, uid, gid,
	    b->home != NULL ? b->home : BOX_HOME);
	if (is_current(b->workspace, path, entry))
		b->users = path;
	else if (read_users(b, &users) == -1)
		warnx("cannot read the image's users: the user's name in the"
		    " box is not '%s'", b->user);
	else {
		buf_printf(&all, "%s\n", entry);
		buf_add(&all, users.p, users.len);
		xbuf_check(&all);
		if (io_replace(AT_FDCWD, path, all.p, all.len, 0644) == -1)
			err(ST_SYS, "cannot write '%s'", path);
		b->users = path;
	}
	buf_free(&users);
	buf_free(&all);
	free(entry);
	free(state);
}

void
xprepare_login(struct prepare *p)
{
	struct login l = { 'N', 0, BUF_INIT };
	struct argv files = ARGV_INIT;
	const char *home = getenv("HOME");

	if (agent_words(p->agent, "login", &files) == -1)
		err(ST_USAGE, "cannot read where the login of agent '%s' is",
		    p->agent->name);
	if (files.n == 0 || home == NULL || *files.v[0] == '/' ||
	    strstr(files.v[0], "..") != NULL) {
		warnx("agent '%s' has no login that can be shared",
		    p->agent->name);
		argv_free(&files);
		return;
	}
	p->login = xasprintf("%s/%s", home, files.v[0]);
	if (login_read(p->login, &l) == -1)
		warn("cannot share the login '%s': log in on the host first",
		    p->login);
	else if (!login_may(&l.bytes, &l.bytes))
		warnx("cannot share the login '%s': it is no JSON object",
		    p->login);
	else {
		set_home(p->box, home);
		set_user(p->box);
		p->box->login = xasprintf("%s/%s", p->box->home != NULL ?
		    p->box->home : BOX_HOME, files.v[0]);
	}
	login_free(&l);
	argv_free(&files);
}
