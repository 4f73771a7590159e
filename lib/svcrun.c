#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buf.h"
#include "child.h"
#include "io.h"
#include "keeper.h"
#include "mem.h"
#include "num.h"
#include "sock.h"
#include "svcwire.h"
#include "utf8.h"

#define TICK		250		/* ms between looks at the session */
#define GRACE		10000		/* ms from the image's signal to KILL */
#define PATIENCE	20000		/* ms for the container to come up */
#define UNSEEN		2000		/* ms that who watches may take */

/* ---- the log --------------------------------------------------------------- */

static void
open_log(struct keeper *k)
{
	char *path = xasprintf("%s/log", k->dir), *old;

	if (k->logfile != -1) {
		close(k->logfile);
		old = xasprintf("%s/log.old", k->dir);
		rename(path, old);
		free(old);
	}
	k->logged = 0;
	k->logfile = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC |
	    O_NOFOLLOW, 0600);
	free(path);
}

/* What there is, at most a pipe's worth. */
static void
take_log(struct keeper *k)
{
	char text[65536];
	ssize_t n;

	n = read(k->log, text, sizeof(text));
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		close(k->log);
		k->log = -1;
		return;
	}
	if (k->logged + n > SVC_LOG)
		open_log(k);
	if (k->logfile != -1 && io_writeall(k->logfile, text, (size_t)n) == 0)
		k->logged += n;
}

/* Whoever the service becomes may open /dev/stderr again. */
static int
make_log(struct keeper *k)
{
	int p[2];

	open_log(k);
	if (pipe(p) == -1)
		return -1;
	k->log = p[0];
	k->logwrite = p[1];
	io_cloexec(p[0], 1);
	io_cloexec(p[1], 1);
	io_nonblock(p[0], 1);
	return fchmod(p[1], 0666);
}

/* ---- ports ----------------------------------------------------------------- */

static int
is_there(const struct keeper *k, int port)
{
	size_t i;

	for (i = 0; i < k->nports; i++)
		if (k->ports[i] == port)
			return 1;
	return 0;
}

/* Is what was waited for listened on? */
static int
is_up(const struct keeper *k)
{
	size_t i;

	if (k->job->spec->port != 0)
		return is_there(k, k->job->spec->port);
	for (i = 0; i < k->image.nexposed; i++)
		if (is_there(k, k->image.exposed[i]))
			return 1;
	return k->image.nexposed == 0 && k->nports > 0;
}

static void
put_ports(struct keeper *k)
{
	struct buf b = BUF_INIT;
	size_t i;

	for (i = 0; i < k->nports; i++)
		buf_printf(&b, "%s%d", i > 0 ? " " : "", k->ports[i]);
	keeper_put(k, "ports", buf_str(&b) != NULL ? b.p : "");
	buf_free(&b);
}

/* "ports HAVE PORT ...", as lib/relay.h has it. */
static void
take_ports(struct keeper *k, char *line)
{
	int ports[LISTENING_MAX];
	char *word, *next = line;
	long long v;
	size_t n = 0, count = 0;

	while ((word = strsep(&next, " ")) != NULL) {
		if (count == 1 && num_parse(word, 0, 1000, &v) == 0)
			k->have = (int)v;
		else if (count > 1 && n < LISTENING_MAX &&
		    num_parse(word, 1, 65535, &v) == 0)
			ports[n++] = (int)v;
		count++;
	}
	if (n == k->nports && memcmp(ports, k->ports, n * sizeof(*ports)) == 0)
		return;
	memcpy(k->ports, ports, n * sizeof(*ports));
	k->nports = n;
	put_ports(k);
}

static void
take_watch(struct keeper *k)
{
	char *nl;
	ssize_t n;

	n = recv(k->watch, k->line + k->linelen,
	    sizeof(k->line) - k->linelen, MSG_DONTWAIT);
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0)
		k->linelen += (size_t)n;
	while (n > 0 && (nl = memchr(k->line, '\n', k->linelen)) != NULL) {
		*nl = '\0';
		take_ports(k, k->line);
		k->linelen -= (size_t)(nl + 1 - k->line);
		memmove(k->line, nl + 1, k->linelen);
	}
	if (n <= 0 || k->linelen == sizeof(k->line)) {
		close(k->watch);
		k->watch = -1;
		k->linelen = 0;
	}
}

/* Again, should the relay's network half have been started anew. */
static void
watch_ports(struct keeper *k)
{
	if (k->watch != -1 || k->life == -1 ||
	    (k->watch = sock_connect(k->sock)) == -1)
		return;
	if (send(k->watch, "watch\n", 6, MSG_NOSIGNAL) != 6) {
		close(k->watch);
		k->watch = -1;
	}
}

/* ---- the container --------------------------------------------------------- */

/* Both sockets, and who may use them: the agent's box, and PID 1 inside. */
static int
make_sockets(struct keeper *k)
{
	const struct session *s = k->job->session;
	char *run = xasprintf("%s/run", s->dir), *name, *path;
	struct stat st;
	int rc = -1;

	name = xasprintf(SVCNAME_SOCK "%s.sock", k->job->spec->name);
	path = xasprintf("%s/" SVCWIRE_SOCK, k->run);
	unlink(k->sock);
	k->start = sock_listen_at(k->run, SVCWIRE_SOCK, 1);
	if (k->start != -1 && chmod(path, 0666) == 0 &&
	    (k->listener = sock_listen_at(run, name, 1024)) != -1 &&
	    io_nonblock(k->listener, 1) == 0 && (geteuid() != 0 ||
	    (stat(run, &st) == 0 &&
	    lchown(k->sock, st.st_uid, st.st_gid) == 0)))
		rc = 0;
	free(path);
	free(name);
	free(run);
	return rc;
}

/* The first to connect is PID 1; nobody else can after it. */
static void
tie(struct keeper *k)
{
	int fds[SVCWIRE_FDS] = { k->listener, k->logwrite };
	char *path;

	if ((k->life = accept(k->start, NULL, NULL)) == -1)
		return;
	io_cloexec(k->life, 1);
	path = xasprintf("%s/" SVCWIRE_SOCK, k->run);
	unlink(path);
	free(path);
	close(k->start);
	k->start = -1;
	svcwire_send(k->life, fds, &k->job->spec->env);
	close(k->listener);
	close(k->logwrite);
	k->listener = k->logwrite = -1;
	watch_ports(k);
}

/* The relay's last word, or none. */
static void
take_end(struct keeper *k)
{
	char c;

	if (svcwire_ended(k->life, &k->status, &k->oom))
		return;
	if (recv(k->life, &c, 1, MSG_DONTWAIT | MSG_PEEK) == -1 &&
	    (errno == EAGAIN || errno == EINTR))
		return;
	close(k->life);
	k->life = -1;
	k->gone = 1;
}

static void
send_signal(struct keeper *k, int sig)
{
	unsigned char byte = (unsigned char)sig;

	if (k->life != -1)
		send(k->life, &byte, 1, MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* Do what is wished for; 1 when it is time to use force. */
static int
obey(struct keeper *k)
{
	long long now = keeper_ms();

	keeper_look(k);
	if (k->wish == KEEP_STOP && k->asked == 0) {
		k->asked = now;
		send_signal(k, k->image.stop_signal);
	}
	if (k->wish == KEEP_STOP && now - k->asked >= GRACE)
		k->wish = KEEP_KILL;
	if (k->wish != KEEP_KILL)
		return 0;
	send_signal(k, SIGKILL);
	if (k->asked == 0)
		k->asked = now;
	return k->life == -1 || now - k->asked >= GRACE + 2000;
}

/* What ends sooner than the lifeline, while it comes up; 0 to go on. */
static int
come_up(struct keeper *k, pid_t engine, int out, struct buf *said)
{
	struct pollfd p[3];
	char text[4096];
	ssize_t n;

	while (out != -1 || k->life == -1) {
		if (obey(k) || keeper_ms() >= k->deadline) {
			if (engine > 0)
				kill(engine, SIGTERM);
			return -1;
		}
		p[0] = (struct pollfd){ k->start, POLLIN, 0 };
		p[1] = (struct pollfd){ out, POLLIN, 0 };
		p[2] = (struct pollfd){ k->log, POLLIN, 0 };
		if (poll(p, 3, TICK) <= 0)
			continue;
		if (p[0].revents != 0)
			tie(k);
		if (p[2].revents != 0)
			take_log(k);
		if (p[1].revents != 0) {
			n = read(out, text, sizeof(text));
			if (n > 0 && said->len < 16384)
				buf_add(said, text, (size_t)n);
			if (n == 0 || (n == -1 && errno != EINTR))
				return 0;
		}
	}
	return 0;
}

static char *
engine_said(const struct buf *said, const char *what)
{
	struct buf safe = BUF_INIT;
	size_t n = said->len;
	char *s;

	while (n > 0 && said->p[n - 1] == '\n')
		n--;
	vis_add(&safe, said->p, n < 2000 ? n : 2000, VIS_LINES);
	s = xasprintf("%s%s%s", what, n > 0 ? ": " : "",
	    buf_str(&safe) != NULL ? safe.p : "");
	buf_free(&safe);
	return s;
}

static int
create(struct keeper *k)
{
	const struct svckeep_job *j = k->job;
	struct svcbox b = { j->engine, j->workspace, j->session, &k->image,
	    j->spec->name, k->run,
	    j->spec->command.n > 0 ? j->spec->command.v : NULL };
	struct argv a = ARGV_INIT;
	struct buf said = BUF_INIT;
	int p[2] = { -1, -1 }, rc = -1, status = -1;
	pid_t pid = -1;

	xsvcbox_argv(&b, &a);
	if (make_sockets(k) == -1 || make_log(k) == -1 || pipe(p) == -1) {
		k->note = xasprintf("the host cannot prepare it: %s",
		    strerror(errno));
		argv_free(&a);
		return -1;
	}
	io_cloexec(p[0], 1);
	io_cloexec(p[1], 1);
	pid = child_start(a.v, -1, p[1], p[1]);
	close(p[1]);
	if (pid != -1)
		rc = come_up(k, pid, p[0], &said);
	close(p[0]);
	if (pid != -1)
		status = child_wait(pid);
	if (k->wish == KEEP_ON && (rc == -1 || status != 0))
		k->note = engine_said(&said, "the engine cannot run it");
	rc = rc == 0 && status == 0 ? 0 : -1;
	/* the engine may be done before the relay has found us */
	if (rc == 0)
		rc = come_up(k, 0, -1, &said);
	if (rc == -1 && k->note == NULL)
		k->note = xstrdup("the container did not come up");
	argv_free(&a);
	buf_free(&said);
	return rc;
}

/* ---- the whole ------------------------------------------------------------- */

/* 1 once it can be told how it went; -1 when it went wrong. */
static int
judge(struct keeper *k)
{
	long long now = keeper_ms();
	int up = is_up(k);

	if (!up)
		k->seen = 0;
	else if (k->seen == 0)
		k->seen = now;
	if (up && (k->have > 0 || now - k->seen >= UNSEEN))
		return 1;
	if (now < k->deadline)
		return 0;
	if (k->nports > 0 && k->job->spec->port == 0)
		return 1;
	k->how = "timeout";
	if (k->job->spec->port != 0)
		k->note = xasprintf("nothing listened on port %d within %d"
		    " seconds", k->job->spec->port, k->job->spec->timeout);
	else
		k->note = xasprintf("it listened on no port within %d seconds",
		    k->job->spec->timeout);
	return -1;
}

static void
attend(struct keeper *k)
{
	struct pollfd p[4];
	int i, n;

	p[0].fd = k->life;
	p[1].fd = k->log;
	p[2].fd = k->watch;
	p[3].fd = k->up;
	for (i = 0; i < 4; i++) {
		p[i].events = POLLIN;
		p[i].revents = 0;
	}
	n = poll(p, 4, k->running ? TICK : 50);
	if (n > 0 && p[1].revents != 0)
		take_log(k);
	if (n > 0 && p[2].revents != 0)
		take_watch(k);
	if (n > 0 && p[0].revents != 0)
		take_end(k);
	watch_ports(k);
}

/* Why it ended by itself. */
static void
explain(struct keeper *k)
{
	const char *first = k->running ? "it ended" : "it ended at once";

	if (k->note != NULL || k->wish != KEEP_ON)
		return;
	k->how = k->oom ? "oom" : k->status == -1 ? "killed" : "exited";
	if (k->oom)
		k->note = xasprintf("%s: it ran out of memory, and the kernel"
		    " killed it", first);
	else if (k->status == -1)
		k->note = xasprintf("%s: its container was killed", first);
	else if (k->status > 128)
		k->note = xasprintf("%s by signal %d", first, k->status - 128);
	else
		k->note = xasprintf("%s with exit code %d", first, k->status);
}

int
keeper_run(struct keeper *k)
{
	int verdict;
	long long end;

	k->deadline = keeper_ms() + PATIENCE;
	k->how = "engine";
	if (create(k) == -1)
		return -1;
	keeper_put(k, "state", "starting");
	keeper_tell(k, "starting");
	svckeep_hosts(k->job->session, k->job->spec->name, 1);
	k->deadline = keeper_ms() + k->job->spec->timeout * 1000LL;
	while (k->life != -1 && !obey(k)) {
		if (!k->running && (verdict = judge(k)) != 0) {
			if (verdict == -1)
				break;
			k->running = k->told = 1;
			keeper_put(k, "state", "running");
			keeper_tell(k, "running");
		}
		attend(k);
	}
	send_signal(k, SIGKILL);
	/* what it has written still, until all who could write are gone */
	for (end = keeper_ms() + 2000; (k->log != -1 || k->life != -1) &&
	    keeper_ms() < end;) {
		struct pollfd p[2] = { { k->log, POLLIN, 0 },
		    { k->life, POLLIN, 0 } };

		if (poll(p, 2, 100) > 0) {
			if (p[0].revents != 0)
				take_log(k);
			if (p[1].revents != 0)
				take_end(k);
		}
	}
	explain(k);
	return -1;
}
