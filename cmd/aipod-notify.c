/*
 * aipod-notify: tell the user something.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "argv.h"
#include "buf.h"
#include "child.h"
#include "conf.h"
#include "io.h"
#include "json.h"
#include "mem.h"
#include "status.h"
#include "throttle.h"
#include "tool.h"
#include "utf8.h"
#include "workspace.h"

#define MESSAGE_MAX	500	/* bytes shown */
#define TITLE_MAX	80
#define PER_MINUTE	10

static const struct tool tool = {
	"aipod-notify",
	"[-t TITLE] [-w DIR] [--mcp] [WORD ...]",
	"  -t, --title TEXT     behind the workspace's name\n"
	"      --mcp            answer an agent (JSON in and out)\n"
	"  -w, --workdir DIR    the workspace           [the working directory]\n"
	"Without words the message is read from standard input.\n"
};

enum { OPT_MCP = 256 };

static const struct option options[] = {
	TOOL_OPTIONS,
	{ "title", required_argument, NULL, 't' },
	{ "mcp", no_argument, NULL, OPT_MCP },
	{ "workdir", required_argument, NULL, 'w' },
	{ NULL, 0, NULL, 0 }
};

struct note {
	char	*title;
	char	*text;
};

/*
 * Words on one line, nothing but what can be seen, cut at max bytes between
 * two characters.
 */
static char *
xclean(const char *s, size_t max)
{
	struct buf b = BUF_INIT;
	uint32_t cp;
	size_t n = strlen(s), i;
	int len, blank = 1;

	for (i = 0; i < n; i += (size_t)(len < 0 ? -len : len)) {
		len = utf8_next(s + i, n - i, &cp);
		if (b.len >= max) {
			buf_puts(&b, " ...");
			break;
		}
		if (s[i] == ' ' || s[i] == '\n' || s[i] == '\t' ||
		    s[i] == '\r') {
			if (!blank)
				buf_addc(&b, ' ');
			blank = 1;
			continue;
		}
		blank = 0;
		if (len < 0 || utf8_width(cp) < 0)
			utf8_put(&b, 0xfffd);
		else
			buf_add(&b, s + i, (size_t)len);
	}
	xbuf_check(&b);
	return xstrdup(buf_str(&b));
}

/* ---- the ways ------------------------------------------------------------ */

static int
run(struct argv *v, const struct buf *in)
{
	struct buf out = BUF_INIT;
	int rc;

	rc = child_capture(v->v, in, &out, 65536);
	buf_free(&out);
	argv_free(v);
	return rc == 0;
}

/*
 * A notification's body is markup to most servers, and notify-send(1) makes
 * any byte of a backslash and digits.
 */
static char *
xescape(const char *s)
{
	struct buf b = BUF_INIT;

	for (; *s != '\0'; s++)
		if (*s == '&')
			buf_puts(&b, "&amp;");
		else if (*s == '<')
			buf_puts(&b, "&lt;");
		else if (*s == '>')
			buf_puts(&b, "&gt;");
		else if (*s == '\\')
			buf_puts(&b, "&#92;");
		else
			buf_addc(&b, *s);
	xbuf_check(&b);
	return xstrdup(buf_str(&b));
}

static int
by_desktop(const struct note *n)
{
	struct argv v = ARGV_INIT;
	char *body;

	if (getenv("DISPLAY") == NULL && getenv("WAYLAND_DISPLAY") == NULL &&
	    getenv("DBUS_SESSION_BUS_ADDRESS") == NULL)
		return 0;
	body = xescape(n->text);
	argv_add(&v, "notify-send");
	argv_add(&v, "--app-name=aipod");
	argv_add(&v, "--");
	argv_add(&v, n->title);
	argv_add(&v, body);
	free(body);
	return run(&v, NULL);
}

#ifdef __APPLE__
static int
by_osascript(const struct note *n)
{
	struct argv v = ARGV_INIT;

	argv_add(&v, "osascript");
	argv_add(&v, "-e");
	argv_add(&v, "on run argv");
	argv_add(&v, "-e");
	argv_add(&v, "display notification (item 2 of argv) with title"
	    " (item 1 of argv)");
	argv_add(&v, "-e");
	argv_add(&v, "end run");
	argv_add(&v, n->title);
	argv_add(&v, n->text);
	return run(&v, NULL);
}
#endif

static int
by_program(const char *program, const struct note *n)
{
	struct argv v = ARGV_INIT;
	struct buf in = BUF_INIT;
	int ok;

	buf_printf(&in, "%s\n%s\n", n->title, n->text);
	xbuf_check(&in);
	argv_add(&v, program);
	ok = run(&v, &in);
	buf_free(&in);
	return ok;
}

static void
add_quoted(struct buf *b, const char *s)
{
	for (; *s != '\0'; s++) {
		if (*s == '"' || *s == '\\')
			buf_addc(b, '\\');
		buf_addc(b, *s);
	}
}

/* All of it on curl's standard input: an address may be a secret. */
static int
by_webhook(const char *url, const struct note *n)
{
	struct argv v = ARGV_INIT;
	struct buf in = BUF_INIT, body = BUF_INIT;
	struct json_out j;
	int ok;

	json_begin(&j, &body);
	json_open(&j, '{');
	json_member(&j, "title", n->title);
	json_member(&j, "text", n->text);
	json_close(&j, '}');
	xbuf_check(&body);
	buf_puts(&in, "url = \"");
	add_quoted(&in, url);
	buf_puts(&in, "\"\nheader = \"Content-Type: application/json\"\n"
	    "data-raw = \"");
	add_quoted(&in, buf_str(&body));
	buf_puts(&in, "\"\n");
	xbuf_check(&in);
	argv_add(&v, "curl");
	argv_add(&v, "-qfsS");
	argv_add(&v, "--max-time");
	argv_add(&v, "10");
	argv_add(&v, "--config");
	argv_add(&v, "-");
	ok = run(&v, &in);
	buf_free(&in);
	buf_free(&body);
	return ok;
}

static int
by_bell(void)
{
	int fd, ok;

	if ((fd = open("/dev/tty", O_WRONLY | O_NONBLOCK | O_CLOEXEC)) == -1)
		return 0;
	ok = io_writeall(fd, "\a", 1) == 0;
	close(fd);
	return ok;
}

/* The setting decides, else the desktop and, failing that, the bell. */
static int
tell(const struct note *n)
{
	char *notifier = xconf_get("NOTIFIER"), *hook = xconf_get("WEBHOOK");
	int told = 0;

	if (hook != NULL && *hook != '\0')
		told |= by_webhook(hook, n);
	if (notifier != NULL && *notifier == '/')
		told |= by_program(notifier, n);
	else if (notifier != NULL && strcmp(notifier, "bell") == 0)
		told |= by_bell();
	else if (notifier != NULL && strcmp(notifier, "none") == 0)
		told |= 0;
	else if (notifier == NULL || *notifier == '\0')
#ifdef __APPLE__
		told |= by_osascript(n) || by_bell();
#else
		told |= by_desktop(n) || by_bell();
#endif
	else
		errx(ST_USAGE, "NOTIFIER '%s': must be bell, none or the path"
		    " of a program", notifier);
	free(notifier);
	free(hook);
	return told;
}

/* ---- in and out ---------------------------------------------------------- */

static void
say(int mcp, const char *s)
{
	struct buf b = BUF_INIT;
	struct json_out j;

	if (!mcp) {
		if (tool_verbose >= 0)
			warnx("%s", s);
		return;
	}
	json_begin(&j, &b);
	json_open(&j, '{');
	json_member(&j, "text", s);
	xjson_end(&j);
	xio_close_stdout();
}

/* The message, and the title if it holds one. */
static char *
xmessage(int mcp, int argc, char *argv[], char **title)
{
	struct buf b = BUF_INIT;
	struct json j;
	char *s;
	int i;

	for (i = 0; i < argc; i++)
		buf_printf(&b, "%s%s", i > 0 ? " " : "", argv[i]);
	if ((argc == 0 || mcp) &&
	    io_slurp(STDIN_FILENO, &b, 1024 * 1024) == -1)
		err(ST_USAGE, "cannot use standard input");
	if ((s = buf_str(&b)) == NULL)
		err(ST_SYS, "cannot read");
	if (!mcp)
		return s;
	if (json_parse(&j, b.p, b.len, JSON_DEPTH, 1024) == -1)
		errx(ST_USAGE, "arguments are not JSON");
	s = json_str(&j, json_get(&j, 0, "message"), NULL);
	if (json_get(&j, 0, "title") != -1)
		*title = json_str(&j, json_get(&j, 0, "title"), NULL);
	return s != NULL ? s : xstrdup("");
}

static int
is_flood(void)
{
	const char *dir = getenv("AIPOD_SESSION_DIR");

	return dir != NULL && *dir == '/' &&
	    throttle(dir, "notified", PER_MINUTE, 60);
}

int
main(int argc, char *argv[])
{
	struct note n;
	struct workspace w;
	const char *dir = NULL;
	char *title = NULL, *message, *t;
	int c, mcp = 0;

	while ((c = tool_getopt(&tool, argc, argv, "+t:w:", options)) != -1)
		switch (c) {
		case 't':
			title = optarg;
			break;
		case 'w':
			dir = optarg;
			break;
		case OPT_MCP:
			mcp = 1;
			break;
		default:
			tool_usage(&tool);
		}
	xworkspace_open(&w, dir);
	message = xmessage(mcp, argc - optind, argv + optind, &title);
	n.text = xclean(message, MESSAGE_MAX);
	t = xclean(title != NULL ? title : "", TITLE_MAX);
	n.title = *t != '\0' ? xasprintf("aipod %s: %s", w.name, t) :
	    xasprintf("aipod %s", w.name);
	if (*n.text == '\0') {
		say(mcp, "There is no message.");
		return mcp ? ST_NO : ST_USAGE;
	}
	if (is_flood()) {
		say(mcp, "Too many notifications within a minute: the user has"
		    " not been told.");
		return ST_NO;
	}
	if (!tell(&n)) {
		say(mcp, "There is no way to notify the user here: they have"
		    " not been told.");
		return ST_NO;
	}
	if (mcp)
		say(mcp, "The user has been notified. They cannot answer a"
		    " notification.");
	return ST_YES;
}
