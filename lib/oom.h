#ifndef AIPOD_OOM_H
#define AIPOD_OOM_H

/* 1 when the kernel has killed something in this control group for memory. */
int	oom_happened(void);

#endif
