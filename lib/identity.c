#include <err.h>
#include <stdlib.h>
#include <string.h>

#include "at.h"
#include "box.h"
#include "login.h"
#include "mem.h"
#include "prepare.h"
#include "status.h"

/* The home as on the host, where it can be. */
static void
set_home(struct box *b, const char *home)
{
	if (*home == '/' && at_problem(home) == NULL &&
	    strchr(home, ':') == NULL && !at_covers(b->at, home) &&
	    strcmp(home, BOX_HOME) != 0)
		b->home = home;
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
		p->box->login = xasprintf("%s/%s", p->box->home != NULL ?
		    p->box->home : BOX_HOME, files.v[0]);
	}
	login_free(&l);
	argv_free(&files);
}
