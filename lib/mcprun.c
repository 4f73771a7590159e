#include <sys/wait.h>

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buf.h"
#include "child.h"
#include "io.h"
#include "mcpchan.h"
#include "mcpproc.h"
#include "mcprun.h"
#include "status.h"

struct run {
	struct mcpproc	p;
	uint64_t	id;		/* of the call it is for; 0: none */
	int		tool;
	long long	young;		/* ms: until it is no longer new */
	long long	brief;		/* ms: until only its end is awaited */
	int		cancelled;
};

struct runner {
	const struct mcptools	*tools;
	struct chan		 chan;
	struct run		 run[MCPRUN_MAX];
	int			 wake;
	int			 stopping;
	long long		 stop_at;
};

/* A handler can reach nothing else. */
static volatile sig_atomic_t wake_fd = -1, got_stop;

static void
on_signal(int sig)
{
	int saved = errno;
	ssize_t w;

	if (sig != SIGCHLD)
		got_stop = 1;
	w = write(wake_fd, "", 1);
	(void)w;
	errno = saved;
}

static void
release(struct run *r)
{
	mcpproc_release(&r->p);
	r->id = 0;
	r->cancelled = 0;
}

static void
put_result(struct runner *s, uint64_t id, int status, const char *output,
    size_t n)
{
	int32_t code = status;

	if (chan_put(&s->chan, CHAN_RESULT, id, &code, sizeof(code),
	    output != NULL ? output : "", n) == -1)
		s->chan.out.bad = 1;
}

/*
 * What a tool that stays has said: the answer to its call, after which it
 * waits for the next, or what ends it.
 */
static void
hear(struct runner *s, struct run *r)
{
	const char *object;
	int rc, status;
	size_t n;

	mcpproc_collect(&r->p);
	if (!r->p.stays || r->p.kill_at != 0 ||
	    (r->p.output.len == 0 && r->p.out != -1))
		return;
	rc = mcpproc_line(&r->p, &status, &object, &n);
	if (rc == 1 && r->id != 0 && r->p.args.len == 0) {
		put_result(s, r->id, status, object, n);
		r->id = 0;
		buf_clear(&r->p.output);
	} else if (rc != 0 || r->id == 0)
		r->p.output.bad = 1;
	if (r->p.output.bad || r->p.out == -1)
		mcpproc_end(&r->p);
}

static void
start(struct runner *s, struct run *r)
{
	r->brief = mcpproc_now() + MCPRUN_BRIEF;
	r->young = r->brief - MCPRUN_BRIEF + MCPRUN_YOUNG;
	if (mcpproc_start(&r->p, s->tools->t[r->tool].argv.v) == -1) {
		put_result(s, r->id, ST_NOEXEC, NULL, 0);
		release(r);
	}
}

/* The process of this tool that waits for a call; NULL, and how many work. */
static struct run *
waits(struct runner *s, int tool, int *working)
{
	struct run *r;

	*working = 0;
	for (r = s->run; r < s->run + MCPRUN_MAX; r++) {
		if (r->p.pid == 0 || r->tool != tool || r->p.kill_at != 0)
			continue;
		if (r->id == 0)
			return r;
		(*working)++;
	}
	return NULL;
}

/* Of a tool that stays: 1 when the call found a process or must wait. */
static int
handed(struct runner *s, struct run *r)
{
	struct run *to;
	int working;

	if (!r->p.stays)
		return 0;
	if ((to = waits(s, r->tool, &working)) == NULL)
		return working >= MCPRUN_STAY;
	to->id = r->id;
	to->p.args = r->p.args;
	memset(&r->p.args, 0, sizeof(r->p.args));
	release(r);
	mcpproc_feed(&to->p);
	return 1;
}

/*
 * Start what waits, first come first served.  A burst of calls is not a burst
 * of processes: those would only slow each other down.  A tool that takes its
 * time holds nobody up for long.
 */
static void
start_waiting(struct runner *s, long long now)
{
	struct run *r, *next;
	uint64_t done = 0;
	int young;

	do {
		next = NULL;
		young = 0;
		for (r = s->run; r < s->run + MCPRUN_MAX; r++)
			if (r->p.pid != 0)
				young += now < r->young;
			else if (r->id > done &&
			    (next == NULL || r->id < next->id))
				next = r;
		if (next == NULL)
			return;
		done = next->id;
		if (!handed(s, next) && young < MCPRUN_NEW)
			start(s, next);
	} while (1);
}

/* JSON has line ends between its tokens only, where a blank does as well. */
static int
one_line(struct buf *b)
{
	size_t i;

	for (i = 0; i < b->len; i++)
		if (b->p[i] == '\n' || b->p[i] == '\r')
			b->p[i] = ' ';
	return buf_addc(b, '\n');
}

static int
call(struct runner *s, const struct chan_frame *f, const char *data)
{
	const char *nul = memchr(data, '\0', f->len);
	struct run *r = NULL;
	int i, tool;

	if (nul == NULL || f->id == 0 ||
	    (tool = mcptools_find(s->tools, data)) == -1)
		return -1;
	for (i = 0; i < MCPRUN_MAX; i++)
		if (s->run[i].id == 0 && s->run[i].p.pid == 0)
			r = &s->run[i];
	if (r == NULL || s->stopping || buf_add(&r->p.args, nul + 1,
	    (size_t)(data + f->len - (nul + 1))) == -1 ||
	    (s->tools->t[tool].stays && one_line(&r->p.args) == -1)) {
		if (r != NULL)
			release(r);
		put_result(s, f->id, ST_SYS, NULL, 0);
		return 0;
	}
	r->id = f->id;
	r->tool = tool;
	r->p.stays = s->tools->t[tool].stays;
	return 0;
}

static void
cancel(struct runner *s, uint64_t id)
{
	int i;

	for (i = 0; i < MCPRUN_MAX; i++)
		if (id != 0 && s->run[i].id == id) {
			s->run[i].cancelled = 1;
			if (s->run[i].p.pid == 0)
				release(&s->run[i]);
			else
				mcpproc_end(&s->run[i].p);
		}
}

static int
frames(struct runner *s)
{
	struct chan_frame f;
	const char *data;
	int rc;

	while ((rc = chan_next(&s->chan, &f, &data)) == 1) {
		if (f.type == CHAN_CALL)
			rc = call(s, &f, data);
		else if (f.type == CHAN_CANCEL)
			cancel(s, f.id);
		else
			rc = -1;
		if (rc == -1)
			return -1;
		chan_drop(&s->chan, &f);
	}
	return rc;
}

/* By pid, one at a time: a child that is no tool is its parent's affair. */
static void
reap(struct runner *s)
{
	struct run *r;
	int status, code;

	for (r = s->run; r < s->run + MCPRUN_MAX; r++) {
		if (r->p.pid == 0 ||
		    waitpid(r->p.pid, &status, WNOHANG) <= 0)
			continue;
		hear(s, r);
		code = r->p.output.bad || r->p.stays ? ST_SYS :
		    child_status(status);
		/* children that it left behind go with it */
		if (r->cancelled || r->p.output.bad || r->p.stays)
			kill(-r->p.pid, SIGKILL);
		if (r->id != 0 && !r->cancelled)
			put_result(s, r->id, code, r->p.output.p,
			    r->p.stays ? 0 : r->p.output.len);
		release(r);
	}
}

static void
stop(struct runner *s, long long now)
{
	int i;

	if (!s->stopping) {
		s->stopping = 1;
		s->stop_at = now + 3000;
		chan_put(&s->chan, CHAN_STOP, 0, "", 0, "", 0);
	}
	for (i = 0; i < MCPRUN_MAX; i++)
		if (s->run[i].p.pid != 0)
			mcpproc_end(&s->run[i].p);
		else if (s->run[i].id != 0)
			release(&s->run[i]);
}

static int
any_running(const struct runner *s)
{
	int i;

	for (i = 0; i < MCPRUN_MAX; i++)
		if (s->run[i].p.pid != 0)
			return 1;
	return 0;
}

static int
wait_time(const struct runner *s, long long now)
{
	long long at = s->stopping ? s->stop_at : -1, young = -1;
	const struct run *r;
	int i, waiting = 0;

	for (i = 0; i < MCPRUN_MAX; i++) {
		r = &s->run[i];
		if (r->id != 0 && r->p.pid == 0)
			waiting = 1;
		if (r->p.pid == 0)
			continue;
		if (r->p.kill_at != 0 && (at == -1 || r->p.kill_at < at))
			at = r->p.kill_at;
		if (!r->p.stays && now < r->brief && (at == -1 || r->brief < at))
			at = r->brief;
		if (now < r->young && (young == -1 || r->young < young))
			young = r->young;
	}
	if (waiting && young != -1 && (at == -1 || young < at))
		at = young;
	return at == -1 ? -1 : at <= now ? 0 : (int)(at - now) + 1;
}

static int
turn(struct runner *s, int open)
{
	struct pollfd p[2 + 2 * MCPRUN_MAX];
	struct run *of[2 + 2 * MCPRUN_MAX];
	long long now = mcpproc_now();
	char tmp[64];
	nfds_t n = 2, k;
	int i;

	p[0] = (struct pollfd){ open ? s->chan.fd : -1, POLLIN, 0 };
	if (s->chan.out.len > 0)
		p[0].events |= POLLOUT;
	p[1] = (struct pollfd){ s->wake, POLLIN, 0 };
	for (i = 0; i < MCPRUN_MAX; i++) {
		struct run *r = &s->run[i];

		if (r->p.pid == 0)
			continue;
		if (r->p.in != -1 && r->p.args.len > 0) {
			of[n] = r;
			p[n++] = (struct pollfd){ r->p.in, POLLOUT, 0 };
		}
		if (r->p.out != -1 && (r->p.stays || now >= r->brief)) {
			of[n] = r;
			p[n++] = (struct pollfd){ r->p.out, POLLIN, 0 };
		}
	}
	if (poll(p, n, wait_time(s, now)) == -1)
		return errno == EINTR ? 0 : -1;
	for (k = 2; k < n; k++) {
		if (p[k].revents == 0)
			continue;
		if (p[k].fd == of[k]->p.in)
			mcpproc_feed(&of[k]->p);
		else
			hear(s, of[k]);
	}
	if (p[1].revents != 0) {
		while (read(s->wake, tmp, sizeof(tmp)) == sizeof(tmp))
			;
		reap(s);
	}
	if (p[0].revents & (POLLIN | POLLHUP | POLLERR))
		return chan_fill(&s->chan) == -1 ? 1 : frames(s);
	return 0;
}

static void
catch(void)
{
	struct sigaction sa = { .sa_handler = on_signal };

	sigemptyset(&sa.sa_mask);
	sigaction(SIGCHLD, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGHUP, &sa, NULL);
	sa.sa_handler = SIG_IGN;
	sigaction(SIGPIPE, &sa, NULL);
}

int
mcprun(const struct mcptools *tools, int fd)
{
	struct runner *s;
	int p[2], i, rc, open = 1, broken = 0;

	if ((s = calloc(1, sizeof(*s))) == NULL || io_pipe(p) == -1)
		return -1;
	s->tools = tools;
	s->chan.fd = fd;
	s->wake = p[0];
	for (i = 0; i < MCPRUN_MAX; i++)
		mcpproc_init(&s->run[i].p);
	io_nonblock(p[0], 1);
	io_nonblock(p[1], 1);
	io_nonblock(fd, 1);
	wake_fd = p[1];
	catch();
	while (open || any_running(s)) {
		rc = turn(s, open);
		if (rc == 0 && open && chan_flush(&s->chan) == -1)
			rc = 1;
		if (rc != 0)
			open = 0;
		if (rc == -1)
			broken = 1;
		if (got_stop || !open)
			stop(s, mcpproc_now());
		else
			start_waiting(s, mcpproc_now());
		for (i = 0; i < MCPRUN_MAX; i++)
			mcpproc_kill_late(&s->run[i].p, mcpproc_now());
		if (s->stopping && mcpproc_now() >= s->stop_at)
			break;
	}
	for (i = 0; i < MCPRUN_MAX; i++) {
		if (s->run[i].p.pid != 0)
			kill(-s->run[i].p.pid, SIGKILL);
		release(&s->run[i]);
	}
	buf_free(&s->chan.in);
	buf_free(&s->chan.out);
	free(s);
	return broken ? -1 : 0;
}
