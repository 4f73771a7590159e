#include <err.h>
#include <stdlib.h>
#include <string.h>

#include "conf.h"
#include "io.h"
#include "mem.h"
#include "servers.h"
#include "sock.h"
#include "status.h"

static struct server *
add(struct supervise *s, const char *program, const char *loss)
{
	struct server *v = &s->server[s->nserver++];
	char *path = xconf_tool(program);

	v->fd = v->ready[0] = v->ready[1] = -1;
	v->loss = loss;
	argv_add(&v->argv, path);
	free(path);
	return v;
}

/* One that the box is not begun without. */
static struct server *
add_listening(struct plan *p, struct supervise *s, const char *program,
    const char *sock, const char *loss)
{
	struct server *v = add(s, program, loss);
	char *run = xasprintf("%s/run", p->session.dir);

	if ((v->fd = sock_listen_at(run, sock, 128)) == -1)
		err(ST_SYS, "cannot listen on '%s/%s'", run, sock);
	if (io_pipe(v->ready) == -1)
		err(ST_SYS, "cannot make a pipe");
	argv_add(&v->argv, "-s");
	argv_addf(&v->argv, "%d", v->fd);
	argv_add(&v->argv, "--ready");
	argv_addf(&v->argv, "%d", v->ready[1]);
	free(run);
	return v;
}

/* Who tells of secrets that come into view later; WATCH=0: nobody. */
static void
add_watch(struct plan *p, struct supervise *s)
{
	struct server *v;
	char *every = xconf_get("WATCH");

	if (p->prep.scan && (every == NULL || strcmp(every, "0") != 0)) {
		v = add(s, "aipod-watch",
		    "secrets that come into view are not told any more");
		argv_add(&v->argv, "-w");
		argv_add(&v->argv, p->w.path);
		if (every != NULL) {
			argv_add(&v->argv, "-i");
			argv_add(&v->argv, every);
		}
	}
	free(every);
}

void
xservers_add(struct plan *p, struct supervise *s)
{
	struct server *v;

	s->nserver = 0;
	add_listening(p, s, "aipod-mcpd", "mcp.sock",
	    "the agent has no tools of the host any more");
	add_watch(p, s);
	if (strcmp(p->egress, "open") == 0)
		return;
	v = add_listening(p, s, "aipod-egress", "egress.sock",
	    "the box reaches nothing any more");
	argv_add(&v->argv, "-H");
	argv_addf(&v->argv, "%s/run/hosts", p->session.dir);
	argv_add(&v->argv, "-m");
	argv_add(&v->argv, p->egress);
}
