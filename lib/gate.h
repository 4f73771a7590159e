/*
 * The connections of aipod-egress: each asks for one host by HTTP CONNECT, or
 * by a request in absolute form, is judged, connected and relayed.
 */
#ifndef AIPOD_GATE_H
#define AIPOD_GATE_H

#include "alarm.h"
#include "asker.h"
#include "buf.h"
#include "dial.h"
#include "httpgate.h"
#include "judge.h"
#include "loop.h"
#include "pump.h"
#include "resolve.h"
#include "scribe.h"
#include "stock.h"

#define GATE_HEAD_MS	15000		/* for a request's head to come */
#define GATE_ASK_MS	60000		/* for the user to answer */
#define GATE_DIAL_MS	20000		/* for resolving and connecting */
#define GATE_HELLO_MS	15000		/* for the first bytes to be judged */
#define GATE_DRAIN_MS	3000		/* for a refusal to be read */
#define GATE_LAZY_MS	100		/* for others to hear of an end */

struct channel;

struct gate {
	struct loop	*loop;
	struct alarms	 alarms;
	struct alarm	 lazy;		/* for what can wait to be sent */
	struct resolvers *resolvers;
	struct judge	*judge;
	const char	*token;		/* to be presented; NULL: none */
	struct watch	 listener;
	struct watch	 asker;
	struct scribe	 scribe;
	struct watch	 warden;
	struct gate_conn *conns;
	struct stock	 spare_conns;
	struct stock	 spare_dials;
	struct channel	*channels;
	int		 nconn;
	int		 maxconn;
	struct gate_question *questions;
	unsigned	 lastid;
	int		 failed;	/* a helper is gone: end */
};

/*
 * Serve on a listening, non-blocking socket; asker, scribe and warden
 * as their headers have them.  Everything happens in the loop.  0, or -1
 * with errno.
 */
int	gate_start(struct gate *, int listener, int asker, int scribe,
	    int warden);
/* Send what has gathered: to be called before the loop waits. */
void	gate_flush(struct gate *);
/* End every connection and record it. */
void	gate_stop(struct gate *);

/*
 * Of a connection, for the modules of the gate alone.
 */
enum gate_state { GATE_HEAD, GATE_ASKING, GATE_RESOLVING, GATE_DIALING,
	GATE_PUMPING, GATE_DRAINING };

struct gate_conn {
	struct gate	*gate;
	struct gate_conn *prev, *next;
	struct gate_conn *nextasked;	/* waiting for the same answer */
	struct watch	 client;
	struct watch	 up;		/* fd -1: not connected */
	enum gate_state	 state;
	struct alarm	 alarm;
	struct buf	 in;		/* read, not yet passed on */
	struct buf	 ahead;		/* to be sent up once connected */
	char		*name;		/* normalised; NULL before the head */
	enum name_kind	 kind;
	int		 port;
	int		 tunnel;	/* CONNECT */
	int		 taken;		/* the client was handed over */
	int		 hard;		/* close with a reset */
	struct channel	*channel;	/* to be told of the end; or NULL */
	unsigned	 ticket;	/* there */
	int		 recorded;	/* as allowed: the end will be, too */
	long long	 began;
	struct judgement verdict;
	struct lookup	 lookup;
	struct dial	*dial;
	struct httpgate	*http;		/* what is spoken is clear HTTP */
	const char	*why;		/* it was cut off for this */
	struct pump	 pump;
};

/* Judge what is asked for and go on from there. */
void	gate_judge(struct gate_conn *);
/* Leave what it is at, refuse it by policy, and end it. */
void	gate_turn_away(struct gate_conn *, const char *why);
/* Be done with the present state in so many milliseconds.  0 or -1. */
int	gate_within(struct gate_conn *, long long ms);
/* Serve a client whose CONNECT is here: its socket is taken over. */
void	gate_take(struct gate *, struct channel *, int fd, const char *head,
	    size_t);

/*
 * gateask.c: ask the user, one question for many connections; stop waiting
 * for the answer; the watch of the asker; the end.
 */
void	gate_ask(struct gate_conn *);
void	gate_unask(struct gate_conn *);
void	gate_answered(struct watch *, int);
void	gate_forget(struct gate *);

/*
 * channel.c, see handover.h: a client's connection on which a socket came is
 * a channel from now on; the watch and its descriptor are taken over, the
 * bytes and the socket that came are its first message.  A ticket's connection
 * is over.  Read no more, or go on: by the number of connections.  Send what they
 * are to be told.  The end of all.
 */
void	channel_start(struct gate *, struct watch *, const char *, size_t,
	    int fd);
void	channel_over(struct channel *, unsigned ticket);
void	channels_want(struct gate *);
void	channels_flush(struct gate *);
/* Bytes that they are to be told, at most so many to one of them. */
size_t	channels_owe(const struct gate *);
void	channels_stop(struct gate *);

/* request.c: read what is in c->in; 1 done, 0 more needed, -1 refused. */
int	gate_request(struct gate_conn *);
/* An answer with a body for people, then the end. */
void	gate_refuse(struct gate_conn *, int status, const char *fmt, ...)
	    __attribute__((format(printf, 3, 4)));
/* By policy: says so, and what the user could do. */
void	gate_deny(struct gate_conn *, const char *why);
/* The text of gate_deny without its head of HTTP. */
void	gate_deny_text(struct buf *, const struct gate_conn *,
	    const char *why);
void	gate_record(struct gate_conn *, const char *verdict, const char *why,
	    const char *detail);

/*
 * Filters of a connection's pump (see pump.h): what the client says first has
 * to ask for the name that was judged.  -1 with the connection's why set.
 */
int	gate_filter_http(struct pump *, char *, size_t, struct buf *out);
int	gate_filter_tls(struct pump *, char *, size_t, struct buf *out);

#endif
