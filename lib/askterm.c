#include <sys/ioctl.h>

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "ask.h"
#include "askterm.h"
#include "buf.h"
#include "io.h"

#define SETTLE		300	/* ms that keys on their way are waited for */
#define LINE_BYTES	300

struct ui {
	int		 fd;
	const struct ask *q;
	struct timespec	 end;
	int		 rows, cols;
	struct buf	 page;		/* the question, wrapped: lines */
	char		 line[LINE_BYTES + 1];
	size_t		 n;
};

static volatile sig_atomic_t ended;

static void
on_signal(int sig)
{
	(void)sig;
	ended = 1;
}

static int
put(struct ui *u, const char *s)
{
	return io_writeall(u->fd, s, strlen(s));
}

static long
left_ms(const struct ui *u)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (long)(u->end.tv_sec - now.tv_sec) * 1000 +
	    (u->end.tv_nsec - now.tv_nsec) / 1000000;
}

/* A byte typed, or -1 with errno. */
static int
get(struct ui *u)
{
	struct ask_answer other;
	struct pollfd p = { u->fd, POLLIN, 0 };
	unsigned char c;
	ssize_t r;
	long left;

	for (;;) {
		if (ended || ask_get(u->q, &other)) {
			errno = ECANCELED;
			return -1;
		}
		if ((left = left_ms(u)) <= 0) {
			errno = ETIMEDOUT;
			return -1;
		}
		if (poll(&p, 1, left < 200 ? (int)left : 200) == -1) {
			if (errno == EINTR)
				continue;
			return -1;
		}
		if (p.revents == 0)
			continue;
		r = read(u->fd, &c, 1);
		if (r == 1)
			return c;
		if (r == -1 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (r == 0)
			errno = EIO;
		return -1;
	}
}

/* Drop what was typed before, and what is still on its way. */
static int
settle(struct ui *u)
{
	struct timespec t = { 0, SETTLE * 1000000L };

	tcflush(u->fd, TCIFLUSH);
	nanosleep(&t, NULL);
	return tcflush(u->fd, TCIFLUSH);
}

/* Show all pages; every one must have been seen before an answer counts. */
static int
show(struct ui *u)
{
	const char *p, *eol, *end;
	int shown = 0, c, room = u->rows > 4 ? u->rows - 2 : 3;

	end = u->page.p + u->page.len;	/* never empty */
	for (p = u->page.p; p < end; p = eol + 1) {
		if (shown == room) {
			if (put(u, "-- more: press Enter; q is no -- ") == -1 ||
			    settle(u) == -1)
				return -1;
			do {
				if ((c = get(u)) == -1)
					return -1;
			} while (c != '\r' && c != '\n' && c != 'q' && c != 3 &&
			    c != 4 && c != ' ');
			put(u, "\r\033[K");
			if (c == 'q' || c == 3 || c == 4)
				return 1;
			shown = 0;
		}
		if ((eol = memchr(p, '\n', (size_t)(end - p))) == NULL)
			eol = end - 1;
		if (io_writeall(u->fd, p, (size_t)(eol - p)) == -1 ||
		    put(u, "\r\n") == -1)
			return -1;
		shown++;
	}
	return 0;
}

static int
read_line(struct ui *u)
{
	char echo[2] = "";
	int c;

	for (u->n = 0;;) {
		if ((c = get(u)) == -1)
			return -1;
		if (c == '\r' || c == '\n')
			break;
		if (c == 3 || c == 4) {		/* Ctrl-C, Ctrl-D */
			u->n = 0;
			break;
		}
		if (c == 0x7f || c == 8) {
			if (u->n > 0) {
				u->n--;
				put(u, "\b \b");
			}
		} else if (c == 21) {		/* Ctrl-U */
			for (; u->n > 0; u->n--)
				put(u, "\b \b");
		} else if (c >= ' ' && c < 0x7f && u->n < LINE_BYTES) {
			u->line[u->n++] = echo[0] = (char)c;
			put(u, echo);
		}
	}
	u->line[u->n] = '\0';
	put(u, "\r\n");
	return 0;
}

static int
converse(struct ui *u, struct buf *line)
{
	static const char keys[] =
	    "\r\n  y  yes, once      a  always      n  no      n WORDS  no, and"
	    " why\r\n"
	    "  1  no: do it in the container     2  no: wrong direction\r\n"
	    "  3  no: stop and ask me            s  no to all of this"
	    " session\r\n";
	struct ask_answer a;
	char prompt[64], pattern[ASK_PATTERN];
	int rc;

	if ((rc = show(u)) == -1)
		return -1;
	if (rc == 1)
		return buf_puts(line, "no");
	if (put(u, keys) == -1 || (ask_domain(u->q->kind, u->q->subject.p,
	    u->q->subject.len, pattern) && (put(u, "  d  always for ") == -1 ||
	    put(u, pattern) == -1 || put(u, "\r\n") == -1)) || settle(u) == -1)
		return -1;
	for (;;) {
		snprintf(prompt, sizeof(prompt), "Answer within %ld s [n]: ",
		    (left_ms(u) + 999) / 1000);
		if (put(u, prompt) == -1 || read_line(u) == -1)
			return -1;
		if (u->n == 0)
			return buf_puts(line, "no");
		if (ask_parse(u->q, &a, u->line) == 0)
			return buf_puts(line, u->line);
		if (put(u, "Please type one of the letters above and Enter."
		    "\r\n") == -1)
			return -1;
	}
}

static int
prepare(struct ui *u)
{
	struct buf text = BUF_INIT;
	struct winsize ws;
	int rc;

	u->rows = 24;
	u->cols = 80;
	if (ioctl(u->fd, TIOCGWINSZ, &ws) == 0) {
		if (ws.ws_row > 0)
			u->rows = ws.ws_row;
		if (ws.ws_col >= 20)
			u->cols = ws.ws_col;
	}
	rc = ask_render(u->q, &text);
	if (rc == 0)
		rc = ask_wrap(&u->page, text.p, text.len, u->cols);
	buf_free(&text);
	return rc;
}

int
askterm(int fd, const struct ask *q, int seconds, struct buf *line)
{
	struct sigaction sa = { .sa_handler = on_signal };
	struct termios was, raw;
	struct ui u;
	int rc, saved;

	if (tcgetattr(fd, &was) == -1)
		return -1;
	memset(&u, 0, sizeof(u));
	u.fd = fd;
	u.q = q;
	clock_gettime(CLOCK_MONOTONIC, &u.end);
	u.end.tv_sec += seconds;
	ended = 0;
	sigemptyset(&sa.sa_mask);
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGHUP, &sa, NULL);
	raw = was;
	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ISIG | IEXTEN);
	raw.c_iflag &= ~(tcflag_t)(IXON | ICRNL | INLCR | IGNCR | ISTRIP);
	raw.c_cc[VMIN] = 1;
	raw.c_cc[VTIME] = 0;
	if (tcsetattr(fd, TCSAFLUSH, &raw) == -1)
		return -1;
	rc = prepare(&u);
	if (rc == 0)
		rc = converse(&u, line);
	saved = errno;
	if (rc == -1)
		put(&u, saved == ETIMEDOUT ? "\r\nNobody answered: no.\r\n" :
		    "\r\nNo longer asked.\r\n");
	tcsetattr(fd, TCSAFLUSH, &was);
	buf_free(&u.page);
	errno = saved;
	return rc;
}
