#include <sys/socket.h>

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "buf.h"
#include "consent.h"
#include "engine.h"
#include "io.h"
#include "jobtell.h"
#include "mem.h"
#include "num.h"
#include "ruleset.h"
#include "status.h"
#include "svckeep.h"
#include "svcmcp.h"
#include "svctell.h"
#include "toolcall.h"

#define TAIL	(4 * 1024)		/* bytes of log in an answer, */
#define LOGS	(16 * 1024)		/* and where it is asked for */

/* ---- starting -------------------------------------------------------------- */

char *
svcmcp_name_problem(const struct workspace *w, const char *name)
{
	struct ruleset rs;
	const char *why = svcname_problem(name);
	char *out = NULL;
	size_t i;

	if (why != NULL)
		return xasprintf("The name is no good: %s.", why);
	if (ruleset_load(&rs, w, getenv("AIPOD_AGENT")) == -1)
		out = xasprintf("The rules on the host are not in order. Tell"
		    " the user to run `aipod allow -C`.");
	for (i = 0; out == NULL && i < rs.rules.n; i++)
		if (rs.rules.r[i].kind == RULE_HOST &&
		    rs.rules.r[i].preset == NULL &&
		    strcmp(rs.rules.r[i].pattern, name) == 0)
			out = xasprintf("The name is no good: a rule of the"
			    " user's is about a host '%s'.", name);
	ruleset_free(&rs);
	return out;
}

/* One line from the keeper; NULL when it is gone or the time is over. */
static char *
read_line(int fd, struct buf *b, int ms)
{
	struct pollfd p = { fd, POLLIN, 0 };
	char *nl = NULL, *line;
	ssize_t n;

	while (b->len == 0 ||
	    (nl = memchr(b->p, '\n', b->len)) == NULL) {
		if ((n = poll(&p, 1, ms)) == -1 && errno == EINTR)
			continue;
		if (n != 1 || buf_reserve(b, 512) == -1 ||
		    (n = recv(fd, b->p + b->len, 512, 0)) <= 0)
			return NULL;
		b->len += (size_t)n;
	}
	line = xstrndup(b->p, (size_t)(nl - b->p));
	buf_consume(b, (size_t)(nl + 1 - b->p));
	return line;
}

/* 1 running or left to itself, 0 failed, -1 the keeper is gone. */
static int
await(int fd, int pull, void (*news)(const char *))
{
	struct buf b = BUF_INIT;
	struct timespec t;
	long long end, now;
	char *line;
	int rc = -1, pulling = 0;

	clock_gettime(CLOCK_MONOTONIC, &t);
	end = t.tv_sec + pull;
	while (rc == -1) {
		clock_gettime(CLOCK_MONOTONIC, &t);
		now = t.tv_sec;
		line = read_line(fd, &b, !pulling ? -1 :
		    now < end ? (int)(end - now) * 1000 : 0);
		if (line == NULL) {
			rc = pulling ? 1 : -1;
			break;
		}
		pulling = strncmp(line, "pulling", 7) == 0 && pull > 0;
		if (news != NULL)
			news(line);
		if (strcmp(line, "running") == 0)
			rc = 1;
		else if (strcmp(line, "failed") == 0)
			rc = 0;
		free(line);
	}
	buf_free(&b);
	return rc;
}

int
svcmcp_start(const struct workspace *w, const struct session *session,
    const struct svcspec *spec, int pull, void (*news)(const char *),
    struct svc *s, const char **why)
{
	struct engine engine;
	char *program = session_fact(session, "engine");
	struct svckeep_job job = { w, session, &engine, spec };
	int fd, rc;

	xengine_find(&engine, program);
	free(program);
	if ((fd = svckeep_start(&job, why)) == -1)
		return 0;
	*why = NULL;
	rc = await(fd, pull, news);
	if (rc == -1 || svc_load(session, spec->name, s) == -1) {
		*why = "The service ended before it was ready: it was stopped,"
		    " or what looks after it was killed.";
		rc = 0;
	} else {
		rc &= !s->ended;
		if (rc == 0)
			svc_read_log(s, TAIL);
	}
	/* what failed is forgotten, what goes on is let go of */
	send(fd, rc == 1 ? "k" : "r", 1, MSG_NOSIGNAL);
	if (rc == 0)
		while (read(fd, &(char){ 0 }, 1) > 0)
			;
	close(fd);
	return rc;
}

/* A word for each member that must be a string; NULL when it is none. */
static const char *
take_env(struct toolcall *r, struct svcspec *s)
{
	const char *why = NULL;
	char *key, *value;
	int m, env = json_get(&r->json, 0, "env");

	for (m = json_first(&r->json, env); m != -1 && why == NULL;
	    m = json_next(&r->json, env, m)) {
		key = json_key(&r->json, m);
		value = json_str(&r->json, m, NULL);
		if (key == NULL || value == NULL)
			why = "the value of a variable is a string";
		else
			svcspec_env(s, key, value, &why);
		free(key);
		if (value != NULL)
			memset(value, 0, strlen(value));
		free(value);
	}
	return why;
}

static const char *
take_command(struct toolcall *r, struct svcspec *s)
{
	int m, v = json_get(&r->json, 0, "command");
	char *word;
	size_t len = 0;

	for (m = json_first(&r->json, v); m != -1;
	    m = json_next(&r->json, v, m)) {
		if ((word = json_str(&r->json, m, NULL)) == NULL)
			return "the command is a list of strings";
		len += strlen(word);
		argv_add(&s->command, word);
		free(word);
		if (s->command.n > 256 || len > 32768)
			return "the command is too long";
	}
	return NULL;
}

static const char *
take_spec(struct toolcall *r, struct svcspec *s)
{
	const struct json *j = &r->json;
	const char *why;
	long long n;

	memset(s, 0, sizeof(*s));
	s->timeout = SVC_TIMEOUT;
	s->name = json_str(j, json_get(j, 0, "name"), NULL);
	s->image = json_str(j, json_get(j, 0, "image"), NULL);
	if (s->name == NULL || s->image == NULL)
		return "want a name and an image, both as strings";
	if ((why = svc_image_problem(s->image)) != NULL ||
	    (why = take_env(r, s)) != NULL ||
	    (why = take_command(r, s)) != NULL)
		return why;
	if (json_get(j, 0, "port") != -1) {
		if (json_int(j, json_get(j, 0, "port"), 1, 65535, &n) == -1)
			return "a port is a number from 1 to 65535";
		s->port = (int)n;
	}
	if (json_get(j, 0, "timeout") != -1) {
		if (json_int(j, json_get(j, 0, "timeout"), 1, SVC_TIMEOUT_MAX,
		    &n) == -1)
			return "a timeout is 1 to 600 seconds";
		s->timeout = (int)n;
	}
	return NULL;
}

/* What the user is told beside the image and the keys, as the agent's words. */
static char *
message(struct toolcall *r, const struct svcspec *s)
{
	struct buf b = BUF_INIT;
	char *reason = json_str(&r->json, json_get(&r->json, 0, "reason"), NULL);

	buf_printf(&b, "as '%s'", s->name);
	if (s->command.n > 0) {
		buf_puts(&b, ", running: ");
		argv_show(&b, s->command.v);
	}
	if (reason != NULL)
		buf_printf(&b, "\n%s", reason);
	free(reason);
	xbuf_check(&b);
	return buf_str(&b);
}

static int
mcp_start(const struct workspace *w, struct toolcall *r)
{
	struct svcspec spec;
	struct svc s;
	const char *no;
	char *why, *words;
	int rc;

	if ((no = take_spec(r, &spec)) != NULL) {
		why = xasprintf("Rejected before asking: %s.", no);
		return toolcall_no(why);
	}
	if ((why = svcmcp_name_problem(w, spec.name)) != NULL)
		return toolcall_no(why);
	if (svc_load(&r->session, spec.name, &s) == 0 && s.alive)
		return toolcall_no("A service with this name is there already:"
		    " see list_services. Use it, stop it first, or choose"
		    " another name.");
	if (!consent_service(w, &spec, message(r, &spec), &why))
		return toolcall_no(why);
	rc = svcmcp_start(w, &r->session, &spec, SVC_PULL, NULL, &s, &no);
	svcspec_free(&spec);
	if (rc == 0 && no != NULL)
		return toolcall_no(no);
	words = svctell_words(&s);
	svctell(&s, words);
	xio_close_stdout();
	return rc == 1 ? ST_YES : ST_NO;
}

/* ---- the others ------------------------------------------------------------ */

static int
mcp_one(struct toolcall *r, int stop)
{
	struct svc s;
	char *name, *words;

	name = json_str(&r->json, json_get(&r->json, 0, "name"), NULL);
	if (name == NULL || svc_load(&r->session, name, &s) == -1)
		return toolcall_no("Unknown name: this session has no such service."
		    " list_services tells what there is.");
	if (!stop) {
		words = svctell_words(&s);
		svc_read_log(&s, LOGS);
		svctell(&s, words);
	} else if (svc_stop(&s, 0, 20000))
		jobtell_words(s.ended ? "It had ended already; now it is forgotten." :
		    "Stopped, and everything of it removed.");
	else
		return toolcall_no("It does not end. Tell the user.");
	xio_close_stdout();
	return ST_YES;
}

static int
mcp_list(struct toolcall *r)
{
	struct svc *s;
	int n = svcs_list(&r->session, &s);

	svctell_list(s, n);
	svcs_free(s, n);
	xio_close_stdout();
	return ST_YES;
}

int
xsvcmcp(const char *what, const struct workspace *w)
{
	static const char *const all[] = { "start", "list", "logs", "stop",
	    NULL };
	struct toolcall r;

	switch (xtoolcall(&r, w, what, all)) {
	case -1:
		return -1;
	case 0:
		return mcp_start(w, &r);
	case 1:
		return mcp_list(&r);
	case 2:
		return mcp_one(&r, 0);
	default:
		return mcp_one(&r, 1);
	}
}
