/*
 * aipod-call: call MCP tools from shell scripts.
 */
#include <sys/stat.h>

#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "buf.h"
#include "callargs.h"
#include "callout.h"
#include "io.h"
#include "json.h"
#include "mcpc.h"
#include "mem.h"
#include "num.h"
#include "session.h"
#include "status.h"
#include "tool.h"
#include "utf8.h"
#include "workspace.h"

#define BOX_SOCKET	"/run/aipod/mcp.sock"
#define ARGS_MAX	(1 << 20)	/* bytes of JSON on standard input */
#define PAGES_MAX	100		/* of tools/list */

static const struct tool tool = {
	"aipod-call",
	"[-jW] [-S SOCKET | -u URL | -s SESSION] [-t SECONDS] [-w DIR]\n"
	"                  [--token-file FILE] TOOL [KEY=VALUE | KEY:=JSON ...]\n"
	"       aipod-call [options] TOOL -\n"
	"       aipod-call [options] --list | --schema TOOL",
	"  -l, --list           the server's tools: name and description\n"
	"      --schema TOOL    the JSON schema of a tool's arguments\n"
	"      --json-args      arguments are a JSON object on standard input\n"
	"  -W, --wait           wait for the command and exit as it did\n"
	"  -S, --socket PATH    the server's Unix socket\n"
	"  -u, --url URL        the server's http:// address\n"
	"  -s, --session ID     the server of this session\n"
	"      --token-file F   bearer token                  [AIPOD_TOKEN]\n"
	"  -t, --timeout SEC    give up after so much silence [120]\n"
	"  -w, --workdir DIR    the workspace         [the working directory]\n"
	"  -j, --json           structured content, one line of JSON\n"
};

enum { JSON_ARGS = 256, SCHEMA, TOKEN_FILE };

static const struct option options[] = {
	TOOL_OPTIONS,
	{ "list", no_argument, NULL, 'l' },
	{ "schema", required_argument, NULL, SCHEMA },
	{ "json-args", no_argument, NULL, JSON_ARGS },
	{ "wait", no_argument, NULL, 'W' },
	{ "socket", required_argument, NULL, 'S' },
	{ "url", required_argument, NULL, 'u' },
	{ "session", required_argument, NULL, 's' },
	{ "token-file", required_argument, NULL, TOKEN_FILE },
	{ "timeout", required_argument, NULL, 't' },
	{ "workdir", required_argument, NULL, 'w' },
	{ "json", no_argument, NULL, 'j' },
	{ NULL, 0, NULL, 0 }
};

struct call {
	struct mcpc	 m;
	const char	*where;		/* of the server */
	int		 list;
	const char	*schema;
	int		 json_args;
	int		 wait;
	int		 json;
};

/* The socket of the one living session of the workspace. */
static const char *
session_socket(const char *workdir, const char *id)
{
	struct workspace w;
	struct session *s;
	int i, n, found = -1;

	xworkspace_open(&w, workdir);
	if ((n = sessions_list(w.hash, &s)) == -1)
		err(ST_SYS, "cannot list the sessions of '%s'", w.path);
	for (i = 0; i < n; i++) {
		if (!s[i].alive || (id != NULL && strcmp(s[i].id, id) != 0))
			continue;
		if (found != -1)
			errx(ST_USAGE, "'%s' has more than one session: name"
			    " one with --session (see aipod list)", w.path);
		found = i;
	}
	if (found == -1 && id != NULL)
		errx(ST_USAGE, "'%s' has no living session '%s': see aipod"
		    " list", w.path, id);
	if (found == -1)
		errx(ST_USAGE, "'%s' has no living session: start one with"
		    " aipod launch, or name a server with --socket or --url",
		    w.path);
	return xasprintf("%s/run/mcp.sock", s[found].dir);
}

static const char *
find_server(const char *workdir, const char *session)
{
	const char *s;
	struct stat st;

	if (session != NULL || workdir != NULL)
		return session_socket(workdir, session);
	if ((s = getenv("AIPOD_MCP")) != NULL && *s != '\0')
		return s;
	if (stat(BOX_SOCKET, &st) == 0 && S_ISSOCK(st.st_mode))
		return BOX_SOCKET;
	if ((s = getenv("AIPOD_SESSION_DIR")) != NULL && *s != '\0')
		return xasprintf("%s/run/mcp.sock", s);
	return session_socket(NULL, NULL);
}

static const char *
find_token(const char *file)
{
	const char *s, *p;

	if (file == NULL) {
		if ((s = getenv("AIPOD_TOKEN")) == NULL || *s == '\0')
			return NULL;
	} else if ((s = io_line(file)) == NULL)
		err(ST_USAGE, "cannot read a token from '%s'", file);
	for (p = s; *p != '\0'; p++)
		if (*p <= ' ' || *p >= 0x7f)
			errx(ST_USAGE, "the token must be of printable ASCII"
			    " without spaces");
	return s;
}

static void
request(struct call *c, const char *method, const char *name,
    const struct buf *params, struct mcpc_answer *a)
{
	if (mcpc_request(&c->m, method, name, params, a) == -1)
		errx(c->m.status >= 400 && c->m.status < 500 ? ST_USAGE :
		    ST_SYS, "cannot use the server at '%s': %s%s", c->where,
		    xvis(c->m.why.p), c->m.status == 401 ?
		    " (set AIPOD_TOKEN or --token-file)" : "");
	if (a->error != -1)
		xcallout_error(a, c->m.status);
}

/*
 * Go through the pages of tools/list until `done' is served: print all when
 * name is NULL (returns -1), else find the tool and return its value in *a.
 */
static int
tools(struct call *c, const char *name, struct mcpc_answer *a)
{
	struct buf params = BUF_INIT;
	struct json_out o;
	int i, v, t;
	char *cursor = NULL;

	for (i = 0; i < PAGES_MAX; i++) {
		buf_clear(&params);
		if (cursor != NULL) {
			json_begin(&o, &params);
			json_member(&o, "cursor", cursor);
		}
		request(c, "tools/list", NULL, &params, a);
		free(cursor);
		v = json_get(&a->j, a->result, "tools");
		for (t = json_first(&a->j, v); t != -1 && name != NULL;
		    t = json_next(&a->j, v, t))
			if (json_eq(&a->j, json_get(&a->j, t, "name"), name)) {
				buf_free(&params);
				return t;
			}
		if (name == NULL)
			xcallout_list(a, c->json);
		cursor = json_str(&a->j, json_get(&a->j, a->result,
		    "nextCursor"), NULL);
		mcpc_answer_free(a);
		if (cursor == NULL)
			break;
	}
	buf_free(&params);
	if (name != NULL)
		errx(ST_USAGE, "no tool '%s' at '%s': see aipod call --list",
		    name, c->where);
	return -1;
}

static void
show_schema(struct call *c)
{
	struct mcpc_answer a;
	int t = tools(c, c->schema, &a);

	xcallout_json(&a.j, json_get(&a.j, t, "inputSchema"));
	mcpc_answer_free(&a);
}

/* The member "arguments" from standard input or from the words. */
static void
put_arguments(struct call *c, struct json_out *o, const char *name,
    char *const *words)
{
	struct buf in = BUF_INIT;
	struct mcpc_answer a;
	struct json j;
	int t;

	json_name(o, "arguments");
	if (c->json_args) {
		if (io_slurp(STDIN_FILENO, &in, ARGS_MAX) == -1)
			err(errno == EFBIG ? ST_USAGE : ST_SYS,
			    "cannot read the arguments");
		if (json_parse(&j, in.p, in.len, JSON_DEPTH / 2, ARGS_MAX) ==
		    -1)
			errx(ST_USAGE, "the arguments are not JSON: %s at byte"
			    " %zu", j.why, j.where);
		if (json_type(&j, 0) != JSON_OBJECT)
			errx(ST_USAGE, "the arguments are no JSON object");
		json_put_value(o, &j, 0);
		json_free(&j);
		buf_free(&in);
	} else if (callargs_typed(words)) {
		t = tools(c, name, &a);
		xcallargs_put(o, words, &a.j,
		    json_get(&a.j, t, "inputSchema"));
		mcpc_answer_free(&a);
	} else
		xcallargs_put(o, words, NULL, -1);
}

static void
call_tool(struct call *c, const char *name, const struct buf *arguments,
    struct mcpc_answer *a)
{
	struct buf params = BUF_INIT;

	buf_printf(&params, "\"name\":\"%s\",", name);
	buf_add(&params, arguments->p, arguments->len);
	xbuf_check(&params);
	request(c, "tools/call", name, &params, a);
	buf_free(&params);
}

/* Ask for the state of a command until it has ended. */
static int
wait_for(struct call *c, struct mcpc_answer *a)
{
	struct timespec pause = { 0, 200000000 };
	struct buf b = BUF_INIT;
	struct json_out o;
	char *id;
	int rc, status = ST_NO;

	while ((rc = callout_command(a, &id, &status)) == 0) {
		mcpc_answer_free(a);
		nanosleep(&pause, NULL);
		if (pause.tv_sec == 0) {
			pause.tv_nsec *= 2;
			if (pause.tv_nsec > 500000000) {
				pause.tv_sec = 1;
				pause.tv_nsec = 0;
			}
		}
		buf_clear(&b);
		json_begin(&o, &b);
		json_name(&o, "arguments");
		json_open(&o, '{');
		json_member(&o, "id", id);
		json_close(&o, '}');
		free(id);
		call_tool(c, "command_status", &b, a);
	}
	buf_free(&b);
	if (xcallout_result(a, c->json) != ST_YES)
		return ST_NO;
	if (rc == -1)
		errx(ST_USAGE, "--wait: the tool told of no command");
	return status;
}

static int
call(struct call *c, const char *name, char *const *words)
{
	struct mcpc_answer a;
	struct buf b = BUF_INIT;
	struct json_out o;
	int rc;

	if (strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	    "0123456789_.-/") != strlen(name) || strlen(name) > 128 ||
	    *name == '\0')
		errx(ST_USAGE, "tool '%s': not a name", xvis(name));
	if (words[0] != NULL && strcmp(words[0], "-") == 0) {
		c->json_args = 1;
		words++;
	}
	if (c->json_args && words[0] != NULL)
		errx(ST_USAGE, "arguments both on standard input and as '%s':"
		    " give one", words[0]);
	json_begin(&o, &b);
	put_arguments(c, &o, name, words);
	call_tool(c, name, &b, &a);
	buf_free(&b);
	rc = c->wait ? wait_for(c, &a) : xcallout_result(&a, c->json);
	mcpc_answer_free(&a);
	return rc;
}

int
main(int argc, char *argv[])
{
	const char *workdir = NULL, *session = NULL, *token_file = NULL;
	struct call c;
	long long timeout = 120;
	int ch, rc = ST_YES;

	memset(&c, 0, sizeof(c));
	while ((ch = tool_getopt(&tool, argc, argv, "+lWS:u:s:t:w:j",
	    options)) != -1)
		switch (ch) {
		case 'l':
			c.list = 1;
			break;
		case SCHEMA:
			c.schema = optarg;
			break;
		case JSON_ARGS:
			c.json_args = 1;
			break;
		case 'W':
			c.wait = 1;
			break;
		case 'S':
		case 'u':
			if (c.where != NULL)
				errx(ST_USAGE, "both '%s' and '%s': give one"
				    " server", c.where, optarg);
			if (ch == 'S' && strchr(optarg, '/') == NULL)
				c.where = xasprintf("./%s", optarg);
			else
				c.where = optarg;
			break;
		case 's':
			session = optarg;
			break;
		case TOKEN_FILE:
			token_file = optarg;
			break;
		case 't':
			timeout = xnum("--timeout", optarg, 1, 86400);
			break;
		case 'w':
			workdir = optarg;
			break;
		case 'j':
			c.json = 1;
			break;
		default:
			tool_usage(&tool);
		}
	if ((c.list || c.schema != NULL) != (optind == argc) ||
	    (c.list && c.schema != NULL))
		tool_usage(&tool);
	if (c.where == NULL)
		c.where = find_server(workdir, session);
	if (mcpc_open(&c.m, c.where) == -1)
		errx(ST_USAGE, "server '%s': must be http://HOST[:PORT][/PATH]"
		    " or the path of a socket", c.where);
	c.m.timeout = (int)timeout;
	c.m.token = find_token(token_file);
	if (tool_verbose > 0)
		c.m.progress = callout_progress;
	if (c.list) {
		struct mcpc_answer a;

		tools(&c, NULL, &a);
	} else if (c.schema != NULL)
		show_schema(&c);
	else
		rc = call(&c, argv[optind], argv + optind + 1);
	mcpc_close(&c.m);
	xio_close_stdout();
	return rc;
}
