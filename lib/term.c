#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "io.h"
#include "term.h"

#define PATIENCE	400	/* ms that a sequence may last at a question */

enum { GROUND, ESCAPE, CSI, STRING, STRING_ESCAPE };

/* Modes that would send bytes to an asker, or change what it is sent. */
static const int noisy[] = { 9, 1000, 1001, 1002, 1003, 1004, 1005, 1006,
	1015, 1016, 2004, 2031 };

static long long
now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int
is_noisy(int mode)
{
	size_t i;

	for (i = 0; i < sizeof(noisy) / sizeof(noisy[0]); i++)
		if (noisy[i] == mode)
			return 1;
	return 0;
}

static void
set_mode(struct term *t, int mode, int on)
{
	int i;

	if (mode == 47 || mode == 1047 || mode == 1049)
		t->alternate = on;
	else if (mode == 25)
		t->cursor_hidden = !on;
	if (!is_noisy(mode))
		return;
	for (i = 0; i < t->non && t->on[i] != mode; i++)
		;
	if (on && i == t->non && t->non < TERM_MODES)
		t->on[t->non++] = mode;
	else if (!on && i < t->non)
		t->on[i] = t->on[--t->non];
}

/* A control sequence is complete (ECMA-48, 5.4; xterm's private modes). */
static void
sequence(struct term *t, int final)
{
	int i;

	if (t->prefix == '?' && (final == 'h' || final == 'l'))
		for (i = 0; i <= t->nparam; i++)
			set_mode(t, t->param[i], final == 'h');
	else if (t->prefix == '>' && final == 'u')
		t->kitty++;
	else if (t->prefix == '<' && final == 'u' && t->kitty > 0)
		t->kitty--;
}

static void
watch_byte(struct term *t, unsigned char c)
{
	if (c == 0x18 || c == 0x1a)	/* CAN, SUB: never mind */
		t->state = GROUND;
	switch (t->state) {
	case GROUND:
		if (c == 0x1b)
			t->state = ESCAPE;
		break;
	case ESCAPE:
		if (c == '[') {
			t->state = CSI;
			t->prefix = t->nparam = 0;
			memset(t->param, 0, sizeof(t->param));
		} else if (c == ']' || c == 'P' || c == '_' || c == '^' ||
		    c == 'X')
			t->state = STRING;
		else if (c == 'c') {	/* RIS: everything is off */
			t->non = t->alternate = t->cursor_hidden = t->kitty = 0;
			t->state = GROUND;
		} else if (c < 0x20 || c > 0x2f)
			t->state = GROUND;
		break;
	case CSI:
		if (c >= '0' && c <= '9') {
			if (t->param[t->nparam] < 100000)
				t->param[t->nparam] =
				    t->param[t->nparam] * 10 + c - '0';
		} else if (c == ';' && t->nparam < 7)
			t->nparam++;
		else if (c >= 0x3c && c <= 0x3f)
			t->prefix = c;
		else if (c >= 0x40 && c <= 0x7e) {
			sequence(t, c);
			t->state = GROUND;
		} else if (c == 0x1b)
			t->state = ESCAPE;
		break;
	case STRING:
		if (c == 0x07)
			t->state = GROUND;
		else if (c == 0x1b)
			t->state = STRING_ESCAPE;
		break;
	case STRING_ESCAPE:
		t->state = c == '\\' ? GROUND : STRING;
		break;
	}
}

/* How many bytes the character (UTF-8) at the end lacks; before: until then. */
static int
missing(const char *p, size_t n, int before)
{
	size_t i;
	int c, need;

	for (i = 1; i <= 3 && i <= n; i++) {
		c = (unsigned char)p[n - i];
		if ((c & 0xc0) == 0x80)
			continue;
		need = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : c >= 0xc0 ? 2 : 1;
		return need > (int)i ? need - (int)i : 0;
	}
	return n < (size_t)before ? before - (int)n : 0;
}

static void
watch(struct term *t, const char *p, size_t n)
{
	const char *end = p + n;

	t->missing = missing(p, n, t->missing);
	while (p < end) {
		/* between sequences only ESC matters: plain floods are quick */
		if (t->state == GROUND &&
		    (p = memchr(p, 0x1b, (size_t)(end - p))) == NULL)
			return;
		watch_byte(t, (unsigned char)*p++);
	}
}

int
term_open(struct term *t, int ask, int end[2])
{
	struct winsize ws;
	char *name;
	int flow[2];

	memset(t, 0, sizeof(*t));
	t->ask = ask;
	t->lent = -1;
	t->tty = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (t->tty == -1)
		return -1;
	t->master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (t->master == -1 || grantpt(t->master) == -1 ||
	    unlockpt(t->master) == -1 || (name = ptsname(t->master)) == NULL ||
	    (end[0] = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC)) == -1 ||
	    io_pipe(flow) == -1)
		return -1;
	t->flow = flow[0];
	end[1] = flow[1];
	if (tcgetattr(t->tty, &t->was) == -1)
		return -1;
	tcsetattr(end[0], TCSANOW, &t->was);
	if (ioctl(t->tty, TIOCGWINSZ, &ws) == 0)
		ioctl(t->master, TIOCSWINSZ, &ws);
	t->raw = t->was;
	cfmakeraw(&t->raw);
	if (io_nonblock(t->tty, 1) == -1 ||
	    io_nonblock(t->master, 1) == -1 || io_nonblock(t->flow, 1) == -1)
		return -1;
	return tcsetattr(t->tty, TCSADRAIN, &t->raw);
}

int
term_adopt(const int end[2])
{
	if (setsid() == -1 || ioctl(end[0], TIOCSCTTY, 0) == -1 ||
	    dup2(end[0], STDIN_FILENO) == -1 ||
	    dup2(end[1], STDOUT_FILENO) == -1 ||
	    dup2(end[0], STDERR_FILENO) == -1)
		return -1;
	return 0;
}

static void
set_size(struct term *t, const struct winsize *ws)
{
	ioctl(t->master, TIOCSWINSZ, ws);
	if (t->sized != NULL)
		t->sized(t->arg, ws->ws_row, ws->ws_col);
}

void
term_resize(struct term *t)
{
	struct winsize ws;

	if (ioctl(t->tty, TIOCGWINSZ, &ws) == 0)
		set_size(t, &ws);
}

/*
 * Make a program that owns the alternate screen draw it again.  The engine's
 * client passes sizes on by reading them, so the other size has to last.
 */
static void
nudge(struct term *t)
{
	const struct timespec lasting = { 0, 200000000 };
	struct winsize ws, other;

	if (ioctl(t->tty, TIOCGWINSZ, &ws) == -1 || ws.ws_row < 2)
		return;
	other = ws;
	other.ws_row--;
	set_size(t, &other);
	nanosleep(&lasting, NULL);
	set_size(t, &ws);
}

static void
say(struct term *t, const char *s)
{
	io_writeall(t->tty, s, strlen(s));
}

static void
say_mode(struct term *t, int mode, int on)
{
	char s[24];

	snprintf(s, sizeof(s), "\033[?%d%c", mode, on ? 'h' : 'l');
	say(t, s);
}

static int
send_tty(struct term *t)
{
	char byte = 'T';
	struct iovec iov = { &byte, 1 };
	union {
		struct cmsghdr h;
		char room[CMSG_SPACE(sizeof(int))];
	} u;
	struct msghdr m;
	struct cmsghdr *c;

	memset(&m, 0, sizeof(m));
	memset(&u, 0, sizeof(u));
	m.msg_iov = &iov;
	m.msg_iovlen = 1;
	m.msg_control = u.room;
	m.msg_controllen = sizeof(u.room);
	c = CMSG_FIRSTHDR(&m);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &t->tty, sizeof(int));
	return sendmsg(t->lent, &m, MSG_NOSIGNAL) == 1 ? 0 : -1;
}

static void
take_back(struct term *t)
{
	int i;

	close(t->lent);
	t->lent = -1;
	tcsetattr(t->tty, TCSAFLUSH, &t->raw);
	say(t, "\033[0m");
	if (!t->alternate)
		say(t, "\033[?1049l");
	if (t->cursor_hidden)
		say_mode(t, 25, 0);
	if (t->kitty > 0)
		say(t, "\033[<u");
	for (i = 0; i < t->non; i++)
		say_mode(t, t->on[i], 1);
	if (t->alternate) {
		say(t, "\033[H\033[2J");
		nudge(t);
	} else
		term_resize(t);
	io_nonblock(t->tty, 1);
}

static void
lend(struct term *t)
{
	int i;

	t->asked = 0;
	if ((t->lent = accept(t->ask, NULL, NULL)) == -1)
		return;
	io_cloexec(t->lent, 1);
	io_nonblock(t->tty, 0);
	if (t->state != GROUND)
		say(t, "\030\033\\");	/* what has begun ends here */
	t->state = GROUND;
	t->missing = 0;
	for (i = 0; i < t->non; i++)
		say_mode(t, t->on[i], 0);
	if (t->kitty > 0)
		say(t, "\033[>0u");
	if (!t->alternate)
		say(t, "\033[?1049h");
	say(t, "\033[0m\033[?25h\033[H\033[2J");
	tcsetattr(t->tty, TCSAFLUSH, &t->was);
	if (send_tty(t) == -1)
		take_back(t);
}

/* Nothing of the agent's unwritten; it is not in the middle of a sequence. */
static int
can_lend(const struct term *t)
{
	if (t->lent != -1 || t->asked == 0 || t->out.from < t->out.to)
		return 0;
	return (t->state == GROUND && t->missing == 0) ||
	    now_ms() - t->asked >= PATIENCE;
}

int
term_wants(const struct term *t, struct pollfd p[TERM_POLLFDS], int *ms)
{
	int n = 0, full = t->out.from < t->out.to;

	*ms = -1;
	if (t->lent != -1) {
		p[n].fd = t->lent;
		p[n++].events = POLLIN;
		return n;
	}
	p[n].fd = t->hup ? -1 : t->tty;
	p[n++].events = (t->in.from == t->in.to ? POLLIN : 0) |
	    (full ? POLLOUT : 0);
	p[n].fd = full ? -1 : t->flow;
	p[n++].events = POLLIN;
	p[n].events = (full ? 0 : POLLIN) |
	    (t->in.from < t->in.to ? POLLOUT : 0);
	p[n].fd = p[n].events != 0 ? t->master : -1;
	n++;
	if (t->asked != 0)
		*ms = PATIENCE / 4;
	else if (t->ask != -1) {
		p[n].fd = t->ask;
		p[n++].events = POLLIN;
	}
	return n;
}

/* Read up to max bytes into an empty buffer; -1 at end of file. */
static int
fill(int fd, struct term_bytes *b, size_t max)
{
	ssize_t r = read(fd, b->p, max);

	if (r == -1 && (errno == EINTR || errno == EAGAIN))
		return 0;
	if (r <= 0)
		return -1;
	b->from = 0;
	b->to = (size_t)r;
	return 0;
}

static int
drain(int fd, struct term_bytes *b)
{
	ssize_t r = write(fd, b->p + b->from, b->to - b->from);

	if (r == -1)
		return errno == EINTR || errno == EAGAIN ? 0 : -1;
	b->from += (size_t)r;
	return 0;
}

/* A terminal that is gone takes everything. */
static void
show(struct term *t)
{
	if (t->hup || drain(t->tty, &t->out) == -1) {
		t->hup = 1;
		t->out.from = t->out.to;
	}
}

/*
 * What comes from *fd, to the user; while somebody waits for the terminal not
 * a byte further than the sequence that has begun.
 */
static void
serve_out(struct term *t, int *fd)
{
	if (t->out.from < t->out.to || can_lend(t))
		return;
	if (fill(*fd, &t->out, t->asked != 0 ? 1 : sizeof(t->out.p)) == -1) {
		close(*fd);
		*fd = -1;
		return;
	}
	if (t->out.from == t->out.to)
		return;
	watch(t, t->out.p, t->out.to);
	show(t);
}

static void
serve_tty(struct term *t, short events)
{
	if (t->out.from < t->out.to && (events & (POLLOUT | POLLERR)) != 0)
		show(t);
	if ((events & (POLLIN | POLLHUP)) == 0 || t->in.from < t->in.to)
		return;
	if (fill(t->tty, &t->in, sizeof(t->in.p)) == -1) {
		t->hup = 1;
		t->out.from = t->out.to;
	} else if (t->master != -1)
		drain(t->master, &t->in);
}

void
term_serve(struct term *t, const struct pollfd *p, int n)
{
	int i, flows = 0;
	char c;

	for (i = 0; i < n && t->lent == -1; i++) {
		if (p[i].revents == 0)
			continue;
		if (p[i].fd == t->tty)
			serve_tty(t, p[i].revents);
		else if (p[i].fd == t->flow) {
			flows = 1;
			serve_out(t, &t->flow);
		} else if (p[i].fd == t->master) {
			if ((p[i].revents & POLLOUT) != 0)
				drain(t->master, &t->in);
			if ((p[i].revents & (POLLIN | POLLHUP)) != 0 && !flows)
				serve_out(t, &t->master);
		} else
			t->asked = now_ms();
	}
	if (t->lent != -1 && n > 0 && p[0].revents != 0 &&
	    recv(t->lent, &c, 1, MSG_DONTWAIT) <= 0)
		take_back(t);
	if (can_lend(t))
		lend(t);
}

/* The child is gone: what it wrote last is still there. */
static void
last_words(struct term *t, int fd)
{
	int i;

	for (i = 0; i < 1000 && fd != -1; i++) {
		if (t->out.from == t->out.to) {
			if (fill(fd, &t->out, sizeof(t->out.p)) == -1 ||
			    t->out.from == t->out.to)
				break;
			watch(t, t->out.p, t->out.to);
		}
		if (io_writeall(t->tty, t->out.p + t->out.from,
		    t->out.to - t->out.from) == -1)
			break;
		t->out.from = t->out.to;
	}
}

void
term_close(struct term *t)
{
	int i;

	if (t->lent != -1)
		take_back(t);
	io_nonblock(t->tty, 0);
	last_words(t, t->flow);
	last_words(t, t->master);
	for (i = 0; i < t->non; i++)
		say_mode(t, t->on[i], 0);
	if (t->alternate)
		say(t, "\033[?1049l");
	if (t->cursor_hidden)
		say_mode(t, 25, 1);
	tcsetattr(t->tty, TCSADRAIN, &t->was);
	close(t->tty);
	if (t->flow != -1)
		close(t->flow);
	if (t->master != -1)
		close(t->master);
}
