#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "box.h"
#include "buf.h"
#include "child.h"
#include "conf.h"
#include "io.h"
#include "json.h"
#include "mem.h"
#include "num.h"
#include "svcbox.h"

#define INSPECT_MAX	(4 * 1024 * 1024)

/* ---- the image ------------------------------------------------------------- */

static int
signal_number(const char *s)
{
	static const struct {
		const char	*name;
		int		 sig;
	} names[] = { { "HUP", SIGHUP }, { "INT", SIGINT }, { "QUIT", SIGQUIT },
	    { "TERM", SIGTERM }, { "USR1", SIGUSR1 }, { "USR2", SIGUSR2 },
	    { "KILL", SIGKILL }, { "WINCH", SIGWINCH } };
	long long n;
	size_t i;

	if (num_parse(s, 1, 31, &n) == 0)
		return (int)n;
	if (strncmp(s, "SIG", 3) == 0)
		s += 3;
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(s, names[i].name) == 0)
			return names[i].sig;
	return SIGTERM;
}

static int
take_words(const struct json *j, int v, struct argv *a)
{
	char *word;
	int m;

	for (m = json_first(j, v); m != -1; m = json_next(j, v, m)) {
		if ((word = json_str(j, m, NULL)) == NULL)
			return -1;
		argv_add(a, word);
		free(word);
	}
	return 0;
}

/* {"5432/tcp":{}} */
static void
take_exposed(const struct json *j, int v, struct svcimage *im)
{
	long long port;
	char *key;
	int m;

	for (m = json_first(j, v); m != -1; m = json_next(j, v, m)) {
		if ((key = json_key(j, m)) == NULL)
			continue;
		if (strcmp(key + strcspn(key, "/"), "/udp") != 0) {
			key[strcspn(key, "/")] = '\0';
			if (num_parse(key, 1, 65535, &port) == 0 &&
			    im->nexposed < LISTENING_MAX)
				im->exposed[im->nexposed++] = (int)port;
		}
		free(key);
	}
}

int
svcimage_read(struct svcimage *im, const char *text, size_t n)
{
	struct json j;
	char *s;
	int c, im0, rc = -1;

	if (json_parse(&j, text, n, JSON_DEPTH, 100000) == -1)
		return -1;
	im0 = json_first(&j, 0);
	c = json_get(&j, im0, "Config");
	im->id = json_str(&j, json_get(&j, im0, "Id"), NULL);
	s = json_str(&j, json_get(&j, c, "User"), NULL);
	if (s != NULL)
		s[strcspn(s, ":")] = '\0';
	im->root = s == NULL || *s == '\0' || strcmp(s, "0") == 0 ||
	    strcmp(s, "root") == 0;
	free(s);
	s = json_str(&j, json_get(&j, c, "StopSignal"), NULL);
	im->stop_signal = s != NULL ? signal_number(s) : SIGTERM;
	free(s);
	take_exposed(&j, json_get(&j, c, "ExposedPorts"), im);
	if (im->id != NULL && *im->id != '\0' && *im->id != '-' &&
	    take_words(&j, json_get(&j, c, "Entrypoint"), &im->entry) == 0 &&
	    take_words(&j, json_get(&j, c, "Cmd"), &im->command) == 0)
		rc = 0;
	json_free(&j);
	return rc;
}

int
svcimage_inspect(const struct engine *e, const char *name, struct svcimage *im)
{
	struct argv a = ARGV_INIT;
	struct buf out = BUF_INIT;
	int rc;

	memset(im, 0, sizeof(*im));
	argv_add(&a, e->program);
	argv_add(&a, "image");
	argv_add(&a, "inspect");
	argv_add(&a, name);
	rc = child_capture(a.v, NULL, &out, INSPECT_MAX);
	if (rc == 0)
		rc = svcimage_read(im, out.p, out.len) == 0 ? 1 : -1;
	else if (rc > 0)
		rc = rc == 126 || rc == 127 ? -1 : 0;
	argv_free(&a);
	buf_free(&out);
	return rc;
}

void
svcimage_free(struct svcimage *im)
{
	free(im->id);
	argv_free(&im->entry);
	argv_free(&im->command);
}

/* ---- the container --------------------------------------------------------- */

char *
svcbox_name(const struct svcbox *b)
{
	return xasprintf("aipod-%s-%s-%s", b->workspace->hash, b->session->id,
	    b->name);
}

/*
 * An image that starts as root does so to make its data its own user's and to
 * become that user, whom it must be able to signal.  That is all it may.
 */
static void
add_powers(struct argv *a)
{
	static const char *const caps[] = { "CHOWN", "DAC_OVERRIDE", "FOWNER",
	    "KILL", "SETGID", "SETUID" };
	size_t i;

	for (i = 0; i < sizeof(caps) / sizeof(caps[0]); i++)
		argv_addf(a, "--cap-add=%s", caps[i]);
}

static void
add_hardening(const struct svcbox *b, struct argv *a)
{
	struct box box;
	char *memory = session_fact(b->session, "memory");
	char *cpus = session_fact(b->session, "cpus");
	char *pids = session_fact(b->session, "pids");

	memset(&box, 0, sizeof(box));
	box.engine = b->engine;
	box.workspace = b->workspace;
	box.session = b->session;
	box.memory = memory;
	box.cpus = cpus;
	box.pids = pids;
	argv_add(a, "--network=none");
	xbox_harden(&box, a);
	if (b->image->root)
		add_powers(a);
	free(memory);
	free(cpus);
	free(pids);
}

static void
add_labels(const struct svcbox *b, struct argv *a)
{
	char *name = svcbox_name(b);

	argv_add(a, "--name");
	argv_add(a, name);
	argv_add(a, "--hostname");
	argv_add(a, b->name);
	argv_add(a, "--label");
	argv_addf(a, "aipod.workspace=%s", b->workspace->hash);
	argv_add(a, "--label");
	argv_addf(a, "aipod.session=%s", b->session->id);
	argv_add(a, "--label");
	argv_add(a, "aipod.role=service");
	argv_add(a, "--label");
	argv_addf(a, "aipod.service=%s", b->name);
	free(name);
}

void
xsvcbox_argv(const struct svcbox *b, struct argv *a)
{
	char *relay = xconf_tool("box/aipod-relay"), *share;

	argv_add(a, b->engine->program);
	argv_add(a, "run");
	argv_add(a, "--rm");
	argv_add(a, "-d");
	argv_add(a, "--pull=never");
	argv_add(a, "--log-driver=none");
	add_labels(b, a);
	add_hardening(b, a);
	argv_add(a, "--add-host");
	argv_add(a, "host.containers.internal:127.0.0.1");
	share = xconf_share("box/resolv.conf");
	xbox_bind(a, share, "/etc/resolv.conf", 1);
	free(share);
	xbox_bind(a, b->run, BOX_RUN, 1);
	*strrchr(relay, '/') = '\0';
	xbox_bind(a, relay, BOX_RUN "/bin", 1);
	free(relay);
	argv_add(a, "--entrypoint");
	argv_add(a, BOX_RUN "/bin/aipod-relay");
	argv_add(a, b->image->id);
	argv_add(a, "--service");
	argv_add(a, "--");
	if (b->image->entry.n > 0)
		argv_addv(a, b->image->entry.v);
	if (b->command != NULL)
		argv_addv(a, b->command);
	else if (b->image->command.n > 0)
		argv_addv(a, b->image->command.v);
}
