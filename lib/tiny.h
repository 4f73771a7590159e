/*
 * The base image "tiny": a root directory of nothing but the machine's own
 * static busybox, as a tar archive that an engine imports.
 */
#ifndef AIPOD_TINY_H
#define AIPOD_TINY_H

struct buf;

/*
 * The path of a busybox that needs no library, a new string: setting BUSYBOX,
 * else busybox.static, busybox-static or busybox on PATH; NULL when there is
 * none (errno ENOENT) or all want an interpreter (ENOEXEC).
 */
char	*tiny_busybox(void);
/*
 * Append the archive (POSIX ustar, the same bytes for the same busybox and
 * ids): /bin with a link for each applet, /etc/passwd and group with the
 * user uid:gid, /home/aipod of that user's, /app, /tmp.  0, or -1 with errno.
 */
int	 tiny_tar(struct buf *, const char *busybox, unsigned long uid,
	    unsigned long gid);

#endif
