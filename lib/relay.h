/*
 * The network half of aipod-relay: what looks like a network inside of the
 * container is taken to the host's sockets in RUNDIR.
 */
#ifndef AIPOD_RELAY_H
#define AIPOD_RELAY_H

#include <sys/socket.h>

#include <stdint.h>

#include "hosts.h"
#include "loop.h"
#include "names.h"

#define RELAY_DNS	53		/* on 127.0.0.1, all of them */
#define RELAY_MCP	7822
#define RELAY_PROXY	3128
#define RELAY_TOKEN	256		/* longest */
#define RELAY_SELF	"host.containers.internal"

enum relay_fixed { FIXED_UDP, FIXED_DNS, FIXED_MCP, FIXED_PROXY, FIXED_MAX };

struct conn;
struct dnsconn;
struct forward;
struct hand;
struct listener;
struct service;
struct visit;

struct relay {
	const char	*dir;		/* RUNDIR */
	struct sockaddr_storage egress;	/* not RUNDIR/egress.sock but this; */
	socklen_t	 egress_len;	/* 0: not so */
	struct sockaddr_storage mcp;	/* not RUNDIR/mcp.sock but this; */
	socklen_t	 mcp_len;	/* 0: not so */
	const char	*token;		/* what is shown there */
	int		 mcp_only;	/* the container has a network */
	int		 fixed[FIXED_MAX];	/* listening; -1: not to be had */
	struct loop	 loop;
	struct hosts	 hosts;
	struct names	 names;
	struct name	 self;		/* the host, at 127.0.0.1 */
	struct listener	*listeners;
	struct conn	*conns;
	struct dnsconn	*dnsconns;
	struct forward	*forwards;
	struct hand	*hand;
	struct service	*services;
	struct visit	*visits;
	unsigned int	 nlisten;
	unsigned int	 maxlisten;
	unsigned int	 nconn;
	unsigned int	 maxconn;
	unsigned int	 ndns;
	unsigned int	 nforward;
	unsigned int	 maxforward;
	unsigned int	 lost;		/* services that cannot be reached */
	long long	 tried;		/* when they were last, ms */
	unsigned int	 waiting;	/* connections whose peer is busy */
	int		 paused;	/* as many connections as there can be */
	int		 taken;		/* a port of the host's is not free */
	struct watch	 udp;
	struct watch	 notify;
};

/*
 * Servers that are not at a socket, lib/relayaway.c: HOST:PORT of each or NULL,
 * and the file with the token that either wants.  Exit ST_USAGE or ST_SYS when
 * it cannot be had.
 */
struct relay_away {
	const char	*tcp;		/* aipod-egress */
	const char	*mcp;		/* aipod-mcpd */
	const char	*token;
};
void	xrelay_away(struct relay *, const struct relay_away *);

/* What relay_name says about a name. */
enum relay_known { KNOWN, UNKNOWN, NO_ROOM };

/*
 * Make the sockets of relay_fixed that are always there.  Returns how many
 * could not be made; *failed and errno tell of the first of them.
 */
int	relay_bind(struct relay *, enum relay_fixed *failed);
const char *relay_fixed_name(enum relay_fixed);

/*
 * Work until the process is killed, and close the descriptor once connections
 * are taken; returns only when that cannot be had: -1 with errno.
 */
int	relay_run(struct relay *, int ready);

/*
 * The address of a normalised name, which is listened on from now on.
 */
enum relay_known relay_name(struct relay *, const char *host, uint32_t *addr);
/* Read RUNDIR/hosts again if it has changed. */
void	relay_reload(struct relay *);

/* Seconds, and milliseconds, of a clock that never goes back. */
long long relay_now(void);
long long relay_now_ms(void);
/* How many sockets and connections there may be. */
void	relay_limits(struct relay *);
/* A listening TCP socket at an address in host order, or -1 with errno. */
int	relay_listen(uint32_t addr, int port);
/* Stop accepting connections, or go on. */
void	relay_pause(struct relay *, int);

/*
 * Connections, lib/relayconn.c: take a client to RUNDIR/sock, asking there for
 * the name and port unless the name is NULL.  The descriptor is taken over.
 */
void	relay_conn(struct relay *, struct name *, int port, const char *sock,
	    int fd);
/*
 * lib/relayhand.c: let aipod-egress take the client over, see handover.h.  1
 * when it has: the descriptor is closed; 0 when it is to be relayed.
 */
int	relay_hand(struct relay *, struct name *, int port, int fd);
/* Try those again whose peer was busy. */
void	relay_conn_retry(struct relay *);

/* The DNS server, lib/relaydns.c. */
int	relay_dns_start(struct relay *);
void	relay_dns_accept(struct relay *, int fd);

/*
 * Inwards, lib/relayfwd.c: keep a connection parked at every
 * RUNDIR/forward-*.sock.  Whoever listens there writes "PORT\n" on it to have
 * it joined to that port of the container's loopback: "ok\n" comes back
 * and the bytes after it are the server's, or "no\n".  Called when RUNDIR
 * has changed.
 */
void	relay_forwards(struct relay *);
/*
 * Join a connection, which is taken over, to a port of the container's
 * loopback, and answer "ok\n" or "no\n" as there.
 */
void	relay_forward_to(struct relay *, int fd, int port);

/*
 * Services, lib/relaysvc.c: behind every RUNDIR/svc-NAME.sock sits the relay of
 * a container NAME, whose ports are listened on at an address of their own.
 * relay_services is called when RUNDIR has changed; relay_services_retry
 * when relay_services_wait's time (ms; -1: no need) has passed.
 */
void	relay_services(struct relay *);
void	relay_services_pause(struct relay *, int);
int	relay_services_wait(const struct relay *);
void	relay_services_retry(struct relay *);
/* The address of the service with this name: 1, or 0 when there is none. */
int	relay_service_addr(const struct relay *, const char *, uint32_t *addr);
/* The other way round; NULL when there is none. */
const char *relay_service_name(const struct relay *, uint32_t addr);

/*
 * The other side, lib/relayinner.c: serve as the relay of a service's container
 * on a listening, non-blocking Unix socket.  A connection says "watch\n" and
 * is told "ports HAVE PORT ...\n" whenever that changes: which ports are
 * listened on, and how many watchers have answered "have\n" to them; or it says
 * "PORT\n" and is joined to that.  Returns as relay_run.
 */
int	relay_inner_run(struct relay *, int listener, int ready);

#endif
