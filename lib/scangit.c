#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "argv.h"
#include "buf.h"
#include "child.h"
#include "io.h"
#include "num.h"
#include "scangit.h"

#define LIST		(512 * 1024 * 1024)	/* bytes of a list of objects */
#define EMPTY_TREE	"4b825dc642cb6eb9a060e54bf8d69288fbee4904"

/* git -C dir, with what the repository could make it run switched off. */
static void
git(struct argv *a, const char *dir)
{
	static const char *const words[] = {
		"git", "--no-pager", "-c", "core.fsmonitor=false", "-c",
		"core.hooksPath=/dev/null", "-c", "protocol.allow=never", "-C",
		NULL
	};
	int i;

	setenv("GIT_NO_LAZY_FETCH", "1", 1);
	setenv("GIT_OPTIONAL_LOCKS", "0", 1);
	for (i = 0; words[i] != NULL; i++)
		argv_add(a, words[i]);
	argv_add(a, dir);
}

/* git cat-file --batch at the other end of two pipes. */
struct batch {
	pid_t	pid;
	int	in;
	int	out;
	char	have[4096];
	size_t	at;
	size_t	n;
};

static int
batch_open(struct batch *b, const char *dir)
{
	struct argv a = ARGV_INIT;
	int to[2], from[2];

	memset(b, 0, sizeof(*b));
	if (pipe2(to, O_CLOEXEC) == -1)
		return -1;
	if (pipe2(from, O_CLOEXEC) == -1) {
		close(to[0]);
		close(to[1]);
		return -1;
	}
	git(&a, dir);
	argv_add(&a, "cat-file");
	argv_add(&a, "--batch");
	b->pid = child_start(a.v, to[0], from[1], -1);
	argv_free(&a);
	close(to[0]);
	close(from[1]);
	b->in = to[1];
	b->out = from[0];
	return b->pid == -1 ? -1 : 0;
}

static void
batch_close(struct batch *b)
{
	close(b->in);
	close(b->out);
	child_wait(b->pid);
}

static int
batch_byte(struct batch *b)
{
	ssize_t r;

	if (b->at == b->n) {
		do
			r = read(b->out, b->have, sizeof(b->have));
		while (r == -1 && errno == EINTR);
		if (r <= 0)
			return -1;
		b->n = (size_t)r;
		b->at = 0;
	}
	return (unsigned char)b->have[b->at++];
}

/* n bytes into p, or (p NULL) thrown away. */
static int
batch_bytes(struct batch *b, char *p, size_t n)
{
	size_t k;
	int c;

	while (n > 0) {
		if (b->at == b->n) {
			if ((c = batch_byte(b)) == -1)
				return -1;
			b->at--;
		}
		k = b->n - b->at < n ? b->n - b->at : n;
		if (p != NULL) {
			memcpy(p, b->have + b->at, k);
			p += k;
		}
		b->at += k;
		n -= k;
	}
	return 0;
}

/*
 * The object's content in out: 1 for a blob, 0 for anything else or one too
 * large, -1 when git has gone.
 */
static int
batch_get(struct batch *b, const char *name, struct buf *out)
{
	char head[256], *type, *size;
	size_t i;
	long long n;
	int c, keep;

	if (io_writeall(b->in, name, strlen(name)) == -1 ||
	    io_writeall(b->in, "\n", 1) == -1)
		return -1;
	for (i = 0; (c = batch_byte(b)) != '\n'; i++) {
		if (c == -1 || i == sizeof(head) - 1)
			return -1;
		head[i] = (char)c;
	}
	head[i] = '\0';
	if ((type = strchr(head, ' ')) == NULL ||
	    (size = strchr(++type, ' ')) == NULL)
		return 0;		/* "missing" */
	*size++ = '\0';
	if (num_parse(size, 0, 1LL << 50, &n) == -1)
		return -1;
	buf_clear(out);
	keep = strcmp(type, "blob") == 0 && n <= SCANGIT_BLOB &&
	    buf_reserve(out, (size_t)n) == 0;
	if (batch_bytes(b, keep ? out->p : NULL, (size_t)n) == -1 ||
	    batch_byte(b) == -1)
		return -1;
	out->len = keep ? (size_t)n : 0;
	return keep;
}

int
scangit_history(const char *dir, const struct scangit *g)
{
	struct argv a = ARGV_INIT;
	struct buf list = BUF_INIT, blob = BUF_INIT;
	struct batch b;
	char *line, *next, *path;
	int rc;

	git(&a, dir);
	argv_add(&a, "rev-list");
	argv_add(&a, "--all");
	argv_add(&a, "--objects");
	argv_add(&a, "--missing=allow-any");
	rc = child_capture(a.v, NULL, &list, LIST);
	argv_free(&a);
	if (rc != 0 || buf_str(&list) == NULL || batch_open(&b, dir) == -1) {
		buf_free(&list);
		errno = EIO;
		return -1;
	}
	for (line = list.p; *line != '\0' && rc == 0; line = next) {
		next = line + strcspn(line, "\n");
		if (*next != '\0')
			*next++ = '\0';
		if ((path = strchr(line, ' ')) == NULL || path[1] == '\0')
			continue;	/* a commit, or the root's tree */
		*path++ = '\0';
		switch (batch_get(&b, line, &blob)) {
		case 1:
			g->blob(g->arg, path, blob.p, blob.len);
			break;
		case -1:
			rc = -1;
			errno = EIO;
		}
	}
	batch_close(&b);
	buf_free(&list);
	buf_free(&blob);
	return rc;
}

int
scangit_staged(const char *dir, const struct scangit *g)
{
	struct argv a = ARGV_INIT;
	struct buf list = BUF_INIT, blob = BUF_INIT;
	struct batch b;
	char *p, *end, *f;
	int i, rc;

	git(&a, dir);
	argv_add(&a, "rev-parse");
	argv_add(&a, "--verify");
	argv_add(&a, "--quiet");
	argv_add(&a, "HEAD");
	rc = child_capture(a.v, NULL, &list, 4096);
	argv_free(&a);
	buf_clear(&list);
	git(&a, dir);
	argv_add(&a, "diff-index");
	argv_add(&a, "--cached");
	argv_add(&a, "--raw");
	argv_add(&a, "--no-renames");
	argv_add(&a, "--diff-filter=AMT");
	argv_add(&a, "--no-abbrev");
	argv_add(&a, "-z");
	argv_add(&a, rc == 0 ? "HEAD" : EMPTY_TREE);
	rc = child_capture(a.v, NULL, &list, LIST);
	argv_free(&a);
	if (rc != 0 || buf_str(&list) == NULL || batch_open(&b, dir) == -1) {
		buf_free(&list);
		errno = EIO;
		return -1;
	}
	/* ":mode mode object object status" NUL path NUL */
	for (p = list.p, end = p + list.len; p < end && rc == 0;
	    p += strlen(p) + 1) {
		for (i = 0, f = p; i < 3 && f != NULL; i++)
			f = (f = strchr(f, ' ')) != NULL ? f + 1 : NULL;
		p += strlen(p) + 1;
		if (f == NULL || p >= end)
			break;
		f[strcspn(f, " ")] = '\0';
		switch (batch_get(&b, f, &blob)) {
		case 1:
			g->blob(g->arg, p, blob.p, blob.len);
			break;
		case 0:
			g->fail(g->arg, p, EFBIG);
			break;
		default:
			rc = -1;
			errno = EIO;
		}
	}
	batch_close(&b);
	buf_free(&list);
	buf_free(&blob);
	return rc;
}
