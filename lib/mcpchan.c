#include <sys/socket.h>

#include <errno.h>
#include <string.h>

#include "mcpchan.h"

int
chan_put(struct chan *c, enum chan_type type, uint64_t id, const void *a,
    size_t an, const void *b, size_t bn)
{
	struct chan_frame f;

	if (an > CHAN_MAX || bn > CHAN_MAX - an) {
		errno = EMSGSIZE;
		return -1;
	}
	f.type = (uint32_t)type;
	f.len = (uint32_t)(an + bn);
	f.id = id;
	if (buf_reserve(&c->out, sizeof(f) + an + bn) == -1)
		return -1;
	buf_add(&c->out, &f, sizeof(f));
	buf_add(&c->out, a, an);
	return buf_add(&c->out, b, bn);
}

int
chan_flush(struct chan *c)
{
	ssize_t w;

	while (c->out.len > 0) {
		w = send(c->fd, c->out.p, c->out.len, MSG_NOSIGNAL);
		if (w == -1 && errno == EINTR)
			continue;
		if (w == -1)
			return errno == EAGAIN || errno == EWOULDBLOCK ? 0 : -1;
		buf_consume(&c->out, (size_t)w);
	}
	/* one large message must not be remembered for ever */
	if (c->out.cap > 65536)
		buf_free(&c->out);
	return 0;
}

int
chan_fill(struct chan *c)
{
	ssize_t r;

	if (buf_reserve(&c->in, 16384) == -1)
		return -1;
	r = recv(c->fd, c->in.p + c->in.len, 16384, 0);
	if (r == -1)
		return errno == EINTR || errno == EAGAIN ||
		    errno == EWOULDBLOCK ? 0 : -1;
	if (r == 0)
		return -1;
	c->in.len += (size_t)r;
	return 0;
}

int
chan_next(struct chan *c, struct chan_frame *f, const char **data)
{
	if (c->in.len < sizeof(*f))
		return 0;
	memcpy(f, c->in.p, sizeof(*f));
	if (f->len > CHAN_MAX || f->type < CHAN_CALL || f->type > CHAN_STOP)
		return -1;
	if (c->in.len - sizeof(*f) < f->len)
		return 0;
	*data = c->in.p + sizeof(*f);
	return 1;
}

void
chan_drop(struct chan *c, const struct chan_frame *f)
{
	buf_consume(&c->in, sizeof(*f) + f->len);
	if (c->in.len == 0 && c->in.cap > 65536)
		buf_free(&c->in);
}
