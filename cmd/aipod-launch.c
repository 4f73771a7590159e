/*
 * aipod-launch: put the session together and run the agent, or any command.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent.h"
#include "bookend.h"
#include "box.h"
#include "buf.h"
#include "child.h"
#include "conf.h"
#include "create.h"
#include "gitguard.h"
#include "hash.h"
#include "io.h"
#include "lend.h"
#include "login.h"
#include "mem.h"
#include "plan.h"
#include "prepare.h"
#include "remote.h"
#include "resume.h"
#include "rule.h"
#include "servers.h"
#include "sidekick.h"
#include "sock.h"
#include "status.h"
#include "supervise.h"
#include "svc.h"
#include "term.h"
#include "tool.h"
#include "update.h"
#include "workspace.h"

/* What dead sessions of this workspace have left goes while we work. */
static void
sweep_dead(const struct plan *p)
{
	struct session *s;
	char id[WORKSPACE_HASH + SESSION_ID + 1];
	char *v[] = { NULL, (char *)"-q", (char *)"--session", id, NULL };
	int i, n;

	if ((n = sessions_list(p->w.hash, &s)) <= 0)
		return;
	v[0] = xconf_tool("aipod-sweep");
	for (i = 0; i < n; i++)
		if (!s[i].alive) {
			int null = open("/dev/null", O_RDWR | O_CLOEXEC);

			snprintf(id, sizeof(id), "%s/%s", s[i].hash, s[i].id);
			child_start(v, null, null, null);
			close(null);
		}
	free(v[0]);
	sessions_free(s, n);
}

static void
look_for_update(void)
{
	char *newest = update_look();

	if (newest != NULL && tool_verbose >= 0 && isatty(STDERR_FILENO))
		warnx("aipod %s is there, this is " AIPOD_VERSION ": see"
		    " 'aipod update'", newest);
	free(newest);
}

static void
make_session(struct plan *p)
{
	char *name = NULL;

	if (session_make(&p->w, &p->session, &p->lock) == -1 ||
	    (p->box.kept != NULL &&
	    kept_begin(p->box.kept, &p->session) == -1) ||
	    (name = box_name(&p->box)) == NULL ||
	    session_put(&p->session, "container", name) == -1 ||
	    session_put(&p->session, "engine", p->engine.program) == -1 ||
	    session_put(&p->session, "workspace", p->w.path) == -1 ||
	    session_put(&p->session, "agent", p->agent.name) == -1 ||
	    session_put(&p->session, "at", p->box.at) == -1)
		err(ST_SYS, "cannot make the session's directory");
	setenv("AIPOD_WORKSPACE", p->w.path, 1);
	setenv("AIPOD_SESSION", p->session.id, 1);
	setenv("AIPOD_SESSION_DIR", p->session.dir, 1);
	setenv("AIPOD_AT", p->box.at, 1);
	setenv("AIPOD_AGENT", p->agent.name, 1);
	setenv("AIPOD_ENGINE", p->engine.program, 1);
	free(name);
}

/* What ends the container when the engine's client has not. */
static void
removal(struct plan *p, struct argv *a)
{
	char *name = box_name(&p->box);

	argv_add(a, p->engine.program);
	argv_add(a, p->box.kept != NULL ? "stop" : "rm");
	argv_add(a, p->box.kept != NULL ? "-t0" : "-f");
	argv_add(a, name);
	free(name);
}

/* Somebody who looks after the shared login; a descriptor, or -1. */
static int
share_login(struct plan *p, const char *run)
{
	struct loginhost h = { p->prep.login, run };
	char ready;
	int fd;

	if (p->box.login == NULL)
		return -1;
	if ((fd = sidekick_start(login_serve, &h)) == -1 ||
	    io_readfull(fd, &ready, 1) != 1)
		errx(ST_SYS, "cannot share the login '%s'", h.path);
	return fd;
}

/* Run it once in a session of its own; *gone: the image was not there. */
static int
run_once(struct plan *p, int *gone)
{
	struct argv engine = ARGV_INIT, rm = ARGV_INIT;
	struct supervise s;
	struct term *term = NULL;
	int dog, status, ask, login, saved;
	pid_t pid;
	char *cid, *life, *run;

	memset(&s, 0, sizeof(s));
	xresume_choose(p);
	xprepare_users(&p->prep);
	make_session(p);
	/* from here on whatever ends us, the watchdog cleans up */
	if ((dog = watchdog_start(&p->session, p->lock,
	    p->box.kept != NULL ? p->kept.lock : -1, &pid)) == -1)
		err(ST_SYS, "cannot start the watchdog");
	s.before = bookend_begin(&p->box);
	if (p->git_guard)
		xprepare_git(&p->prep);
	xservers_add(p, &s);
	run = xasprintf("%s/run", p->session.dir);
	life = xasprintf("%s/life.sock", run);
	if ((s.life_listen = sock_listen_at(run, "life.sock", 1)) == -1)
		err(ST_SYS, "cannot listen on '%s'", life);
	s.life_path = life;
	login = share_login(p, run);
	xcreate_give(&p->prep);
	xprepare_run(&p->prep);
	xresume_argv(p, &engine);
	removal(p, &rm);
	s.engine = &engine;
	s.remove = &rm;
	cid = xasprintf("%s/cid", p->session.dir);
	s.cid = cid;
	if (p->box.tty) {
		term = xmalloc(sizeof(*term));
		if ((ask = sock_listen_at(p->session.dir, "ask.sock", 64)) ==
		    -1 || term_open(term, ask, s.end) == -1)
			err(ST_SYS, "cannot set up the terminal");
		s.term = term;
		s.sizes = p->engine.docker;
	}
	status = supervise(&s);
	saved = errno;
	if (term != NULL)
		term_close(term);
	svcs_end(&p->session);
	if (s.unclean && s.created) {
		child_run_quietly(rm.v);
		warnx("'%s' ended before its container, which is %s now",
		    p->engine.program, p->box.kept != NULL ? "stopped" :
		    "removed");
		status = ST_SYS;
	}
	*gone = p->box.kept != NULL ? resume_end(p, !s.tied) :
	    status == 125 && !s.created;
	*gone &= !s.failed;
	if (login != -1)
		close(login);
	gitguard_unmake(&p->w, p->session.id);
	if (s.created || s.tied)
		bookend_end(&p->box);
	if (session_remove(&p->session) == -1)
		warn("cannot remove '%s'", p->session.dir);
	watchdog_done(dog, pid);
	close(p->lock);
	free(term);
	free(cid);
	free(life);
	free(run);
	argv_free(&engine);
	argv_free(&rm);
	errno = saved;
	return status;
}

static void
dry_run(struct plan *p)
{
	struct argv engine = ARGV_INIT;
	struct buf line = BUF_INIT;
	char *dir = workspace_runtime(&p->w);

	if (rand_hex(p->session.id, SESSION_ID - 1) == -1)
		err(ST_SYS, "cannot get random bytes");
	p->session.dir = xasprintf("%s/%s", dir, p->session.id);
	xbox_argv(&p->box, &engine);
	argv_show(&line, engine.v);
	xbuf_check(&line);
	puts(buf_str(&line));
	xio_close_stdout();
}

/* Rules that cannot be read allow nothing: no session then, and why. */
static void
xcheck_rules(const struct plan *p)
{
	struct rules rs = RULES_INIT;
	char *dir = xconf_config_dir(), *file[3];
	int i;

	file[0] = p->prep.agent != NULL ? agent_path(p->prep.agent, "rules") :
	    NULL;
	file[1] = xasprintf("%s/rules", dir);
	file[2] = workspace_state(&p->w, "rules");
	for (i = 0; i < 3; i++) {
		if (file[i] != NULL && rules_load(&rs, file[i]) == -1)
			errx(ST_USAGE, "%s", rs.why);
		free(file[i]);
	}
	rules_free(&rs);
	free(dir);
}

/* What is mounted in a box has to be where the engine is. */
static void
xcheck_engine(const struct plan *p)
{
	const char *by;
	char *address = remote_address(&p->engine, &by);

	if (address != NULL)
		errx(ST_USAGE, "the engine at '%s' (%s) is on another machine,"
		    " where neither the workspace nor the session's sockets can"
		    " be mounted: use the engine of this one, or run aipod over"
		    " there; 'aipod kube' makes boxes for a cluster",
		    address, by);
}

int
main(int argc, char *argv[])
{
	struct plan p;
	int status, gone;

	xplan_parse(&p, argc, argv);
	xbox_check_workspace(&p.w);
	xplan_settle(&p);
	xcheck_engine(&p);
	xcheck_rules(&p);
	if (!p.prep.dry_run)
		look_for_update();
	xprepare_secrets(&p.prep);
	xprepare_mounts(&p.prep);
	if (strcmp(p.login, "share") == 0)
		xprepare_login(&p.prep);
	xlend(&p.box, p.lend, p.caches);
	p.box.image = xprepare_image(&p.prep);
	xprepare_home(&p.prep);
	if (strcmp(p.egress, "open") == 0) {
		p.box.network = xprepare_network(&p.prep);
		warnx("--egress open: the box has a network of its own ('%s'):"
		    " no host is asked about, none is logged, and DNS can"
		    " carry secrets out", p.box.network);
	}
	xcreate_wrap(&p.box);
	xprepare_command(&p.prep, p.words);
	if (p.prep.dry_run) {
		if (p.git_guard)
			xprepare_git(&p.prep);
		dry_run(&p);
		return ST_YES;
	}
	free(xworkspace_make_state(&p.w));
	sweep_dead(&p);
	status = run_once(&p, &gone);
	if (gone) {
		/* the engine lost what was remembered: ask it, and once more */
		p.prep.verify = 1;
		p.box.image = xprepare_image(&p.prep);
		xprepare_home(&p.prep);
		status = run_once(&p, &gone);
	}
	if (status == -1)
		err(ST_SYS, "cannot run '%s'", p.engine.program);
	if (gone)
		errx(ST_SYS, "'%s' could not make the container: see its"
		    " message above; aipod doctor tells more",
		    p.engine.program);
	return status;
}
